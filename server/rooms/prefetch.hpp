// Prefetching for loops over a crowd, most of which is not in the processor's cache.
#pragma once

#include <cstddef>

namespace onair::rooms {

/// The distance from the object in use, in objects; measured.
inline constexpr std::size_t kAhead = 4;

/// Asks for the beginning of an object, so that it has come from memory when it is used. Any
/// pointer will do, null too.
inline void prefetch(const void* object) {
  constexpr std::size_t hot_bytes = 192;
  constexpr std::size_t line_bytes = 64;
  const char* const begin = static_cast<const char*>(object);
  if (begin == nullptr) return;
  for (std::size_t at = 0; at < hot_bytes; at += line_bytes) __builtin_prefetch(begin + at);
}

}  // namespace onair::rooms
