// Numbers that nobody can guess.
#pragma once

#include <cstdint>
#include <stdexcept>

#include <openssl/rand.h>

namespace onair::sfu {

/// From the system's generator. Throws std::runtime_error when it fails.
inline std::uint32_t random_u32() {
  std::uint32_t value = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) {
    throw std::runtime_error("The system's random generator failed.");
  }
  return value;
}

}  // namespace onair::sfu
