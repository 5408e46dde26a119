// The entry of each fuzz target. A violated promise aborts.
#pragma once

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

}  // namespace onair::fuzz
