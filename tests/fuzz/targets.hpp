// The entry of each fuzz target. A violated promise aborts.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace onair::fuzz {

/// Runs over one input.
void run(std::string_view input);

inline void check(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

/// Calls `step` with each line.
template <typename Step>
void for_each_line(std::string_view input, Step step) {
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    step(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
}

}  // namespace onair::fuzz
