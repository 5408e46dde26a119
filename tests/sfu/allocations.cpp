#include "sfu/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

#include <openssl/crypto.h>

namespace {

std::atomic<std::size_t> count = 0;
std::atomic<std::size_t> bytes = 0;

void* counted(void* memory) {
  ++count;
  bytes += malloc_usable_size(memory);
  return memory;
}
void free_counted(void* memory) {
  bytes -= malloc_usable_size(memory);
  std::free(memory);
}

void* openssl_malloc(std::size_t size, const char*, int) {
  return counted(std::malloc(size));
}
void* openssl_realloc(void* memory, std::size_t size, const char*, int) {
  const std::size_t before = malloc_usable_size(memory);
  void* const grown = std::realloc(memory, size);
  if (grown == nullptr) return nullptr;
  bytes -= before;
  return counted(grown);
}
void openssl_free(void* memory, const char*, int) {
  free_counted(memory);
}

/// Before main, and before OpenSSL allocates anything: it takes them only then.
const bool openssl_is_counted =
    CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

}  // namespace

void* operator new(std::size_t size) {
  if (void* const memory = std::malloc(size)) return counted(memory);
  throw std::bad_alloc();
}
// Without it, ASan's own would be called, whose memory ours must not free.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* const memory = std::malloc(size);
  return memory == nullptr ? nullptr : counted(memory);
}
void operator delete(void* memory) noexcept {
  free_counted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  free_counted(memory);
}

namespace onair::sfu::test {

std::size_t allocations() {
  return count;
}
std::size_t allocated_bytes() {
  return bytes;
}
bool counts_openssl() {
  return openssl_is_counted;
}

}  // namespace onair::sfu::test
