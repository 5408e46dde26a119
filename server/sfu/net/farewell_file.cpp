#include "sfu/net/farewell_file.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "sfu/ice/demux.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::sfu {
namespace {

/// First line of the file: names its format. A file of another format is not read.
constexpr std::string_view kMark = "onair farewells 1\n";

bool write_all(int file, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t count = write(file, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// False where the file ends before.
bool read_all(int file, void* bytes, std::size_t size) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t count = read(file, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool has_mark(int file) {
  std::array<char, kMark.size()> mark;
  return read_all(file, mark.data(), mark.size()) &&
         std::string_view(mark.data(), mark.size()) == kMark;
}

bool is_farewell(const Farewell& kept) {
  return kept.size <= Farewell::kMaxBytes && classify(kept.datagram()) == PacketClass::dtls;
}

}  // namespace

std::vector<Farewell> FarewellFile::take_left() {
  std::vector<Farewell> left;
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return left;
  if (has_mark(file.get())) {
    Farewell kept;
    while (left.size() < kMost && read_all(file.get(), &kept, sizeof kept)) {
      if (is_farewell(kept)) left.push_back(kept);
    }
  }
  remove();
  return left;
}

void FarewellFile::remove() {
  unlink(path_.c_str());
}

/// The old ones are there until the new ones are whole.
void FarewellFile::replace(const std::vector<Farewell>& farewells) {
  if (farewells.empty()) return remove();
  const std::string fresh = path_.string() + ".new";
  const Descriptor file(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool is_whole =
      file && write_all(file.get(), kMark.data(), kMark.size()) &&
      write_all(file.get(), farewells.data(), farewells.size() * sizeof(Farewell));
  if (is_whole && rename(fresh.c_str(), path_.c_str()) == 0) return;
  if (std::exchange(has_failed_, true)) return;
  spdlog::warn("event=farewells_not_kept path=\"{}\" error=\"{}\"", path_.string(),
               std::generic_category().message(errno));
}

}  // namespace onair::sfu
