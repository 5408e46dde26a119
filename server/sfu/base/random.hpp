// Numbers that nobody can guess.
#pragma once

#include <cstdint>
#include <stdexcept>

#include <openssl/rand.h>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

/// By the system's generator. Throws std::runtime_error when it fails.
inline void fill_random(MutableBytes bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("The system's random number generator failed.");
  }
}

inline std::uint32_t random_u32() {
  std::uint8_t bytes[4];
  fill_random(bytes);
  return read_u32(bytes);
}

}  // namespace onair::sfu
