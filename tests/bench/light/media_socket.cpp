#include "light/media_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

#include "light/stream_samples.hpp"

namespace onair::load {
namespace {

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

int open_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "UDP socket");
  return descriptor;
}

sockaddr_in to_system(const sfu::Address& address) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  std::memcpy(&v4.sin_addr, &address.ip[12], sizeof v4.sin_addr);
  return v4;
}

/// More than the usual 200 KB, for one that reads all its packets: the load may be busy with
/// handshakes. Without the right to it the system's bound holds.
void enlarge_buffer(int socket) {
  constexpr int kBytes = 2'000'000;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &kBytes, sizeof kBytes) == 0) return;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kBytes, sizeof kBytes);
}

}  // namespace

MediaSocket::MediaSocket(const sfu::Address& forwarder, const SourceAddress& from)
    : socket_(open_socket()) {
  enlarge_buffer(socket_.get());
  from.bind(socket_.get());
  const sockaddr_in address = to_system(forwarder);
  check(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "the forwarder's address");
}

void MediaSocket::send(sfu::Bytes packet) const {
  // ICE and DTLS send again what is lost here, as what is lost on the way.
  (void)::send(socket_.get(), packet.data(), packet.size(), 0);
}

std::optional<sfu::MutableBytes> MediaSocket::receive(sfu::MutableBytes buffer) const {
  const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return std::nullopt;
  return buffer.first(static_cast<std::size_t>(size));
}

// A filter's packet begins with the UDP header, of 8 bytes. Told apart as by sfu::classify.
void MediaSocket::keep_back_most() const {
  constexpr std::uint32_t kFirstByte = 8;
  constexpr std::uint32_t kSecondByte = 9;
  constexpr std::uint32_t kSequence = 10;
  std::array<sock_filter, 9> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFirstByte),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 128, 0, 5),  // STUN or DTLS: to the last but one
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kSecondByte),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 192, 0, 1),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 224, 0, 2),  // RTCP: to the last but one
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kSequence),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSampling - 1, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{program.size(), program.data()};
  check(setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter),
        "socket filter");
}

std::uint32_t MediaSocket::kept_back() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  check(getsockopt(socket_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size), "drop count");
  return memory[SK_MEMINFO_DROPS];
}

}  // namespace onair::load
