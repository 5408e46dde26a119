// Counts what the whole test program has allocated, by new and by OpenSSL.
#pragma once

#include <cstddef>

namespace onair::sfu::test {

std::size_t allocations();
/// Bytes in use, as the allocator rounds them up.
std::size_t allocated_bytes();
/// False: OpenSSL had allocated something before it could be told to count.
bool counts_openssl();

}  // namespace onair::sfu::test
