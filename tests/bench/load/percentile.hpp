#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace onair::load {

/// The value that `share` of all are not above; 0 where there are none. Sorts them.
inline double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last)];
}

}  // namespace onair::load
