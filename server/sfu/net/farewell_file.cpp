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
constexpr std::string_view kMark = "onair farewells 2\n";

/// More than a forwarder counts.
constexpr std::uint64_t kMostLocal = 1'024;

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

/// False where the file is not whole.
bool read_local(int file, LocalAddresses& local) {
  std::uint64_t count = 0;
  if (!read_all(file, &count, sizeof count) || count > kMostLocal) return false;
  local.resize(count);
  if (read_all(file, local.data(), count * sizeof local[0])) return true;
  local.clear();
  return false;
}

}  // namespace

FarewellFile::Left FarewellFile::take_left() {
  Left left;
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return left;
  if (has_mark(file.get()) && read_local(file.get(), left.local)) {
    Farewell kept;
    while (left.farewells.size() < kMost && read_all(file.get(), &kept, sizeof kept)) {
      if (is_farewell(kept)) left.farewells.push_back(kept);
    }
  }
  remove();
  return left;
}

void FarewellFile::remove() {
  unlink(path_.c_str());
}

/// The old ones are there until the new ones are whole.
void FarewellFile::replace(const LocalAddresses& local, const std::vector<Farewell>& farewells) {
  if (farewells.empty()) return remove();
  const std::string fresh = path_.string() + ".new";
  const Descriptor file(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::uint64_t count = local.size();
  const bool is_whole =
      file && write_all(file.get(), kMark.data(), kMark.size()) &&
      write_all(file.get(), &count, sizeof count) &&
      write_all(file.get(), local.data(), local.size() * sizeof local[0]) &&
      write_all(file.get(), farewells.data(), farewells.size() * sizeof(Farewell));
  if (is_whole && rename(fresh.c_str(), path_.c_str()) == 0) return;
  if (std::exchange(has_failed_, true)) return;
  spdlog::warn("event=farewells_not_kept path=\"{}\" error=\"{}\"", path_.string(),
               std::generic_category().message(errno));
}

}  // namespace onair::sfu
