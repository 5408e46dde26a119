#include "sfu/net/udp_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <system_error>
#include <utility>

#include "sfu/net/socket_address.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kMaxLocalAddresses = 64;

/// Half a second of 1,500 viewers at 1.5 Mbit/s would be 140 MB: this is for a burst of joins and
/// for the ticks in which the thread does something else.
constexpr int kBufferBytes = 16'777'216;

/// Bounds of one send with UDP_SEGMENT, by the kernel (UDP_MAX_SEGMENTS, and an IP packet's size).
constexpr std::size_t kMaxSegments = 64;
constexpr std::size_t kMaxSegmentedBytes = 65'000;

void set(int socket, int level, int name, int value) {
  if (setsockopt(socket, level, name, &value, sizeof value) != 0) {
    throw std::system_error(errno, std::generic_category(), "setsockopt");
  }
}

/// The forced form, which needs CAP_NET_ADMIN, ignores net.core.rmem_max.
void enlarge(int socket, int forced, int name) {
  if (setsockopt(socket, SOL_SOCKET, forced, &kBufferBytes, sizeof kBufferBytes) == 0) return;
  setsockopt(socket, SOL_SOCKET, name, &kBufferBytes, sizeof kBufferBytes);
}

bool has_segmentation(int socket) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, IPPROTO_UDP, UDP_SEGMENT, &value, &size) == 0;
}

/// Control messages of one send.
class Control {
 public:
  void attach(msghdr& header) {
    if (size_ == 0) return;
    header.msg_control = bytes_;
    header.msg_controllen = size_;
  }
  template <typename Value>
  void add(int level, int type, const Value& value) {
    auto* const message = reinterpret_cast<cmsghdr*>(bytes_ + size_);
    message->cmsg_level = level;
    message->cmsg_type = type;
    message->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(message), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }

 private:
  alignas(cmsghdr)
      std::uint8_t bytes_[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))]{};
  std::size_t size_ = 0;
};

void add_source(Control& control, const std::array<std::uint8_t, 16>& ip, int family) {
  if (family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, &ip[12], sizeof info.ipi_spec_dst);
    control.add(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ip.data(), ip.size());
    control.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

UdpSocket::UdpSocket(std::uint16_t port) : batch_(std::make_unique<Batch>()) {
  try {
    open(AF_INET6, port);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported &&
        error.code() != std::errc::address_not_available)
      throw;
    open(AF_INET, port);
  }
  prepare_batch();
}

void UdpSocket::open(int family, std::uint16_t port) {
  family_ = family;
  socket_ = Descriptor(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) throw std::system_error(errno, std::generic_category(), "socket");
  const int number = socket_.get();
  if (family == AF_INET6) {
    set(number, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set(number, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    set(number, IPPROTO_IP, IP_PKTINFO, 1);
  }
  enlarge(number, SO_RCVBUFFORCE, SO_RCVBUF);
  enlarge(number, SO_SNDBUFFORCE, SO_SNDBUF);
  segments_ = has_segmentation(number);
  SocketAddress address =
      to_socket_address(family == AF_INET ? Address::v4({}, port) : Address{.port = port}, family);
  if (bind(number, address.get(), address.size) != 0 ||
      getsockname(number, address.get(), &address.size) != 0)
    throw std::system_error(errno, std::generic_category(), "bind");
  port_ = from_socket_address(address.get()).port;
}

int UdpSocket::receive_buffer() const {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &value, &size);
  return value / 2;  // the system counts its own overhead too (socket(7))
}

void UdpSocket::prepare_batch() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    batch_->vectors[i] = {batch_->bytes[i].data(), kMaxPacket};
    msghdr& header = batch_->headers[i].msg_hdr;
    header = {};
    header.msg_name = &batch_->addresses[i];
    header.msg_iov = &batch_->vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = batch_->controls[i].data();
  }
}

std::size_t UdpSocket::receive_batch() {
  for (mmsghdr& each : batch_->headers) {
    each.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    each.msg_hdr.msg_controllen = batch_->controls.front().size();
  }
  const int count = recvmmsg(socket_.get(), batch_->headers.data(), kBatch, 0, nullptr);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

UdpSocket::Received UdpSocket::received(std::size_t index) {
  const mmsghdr& message = batch_->headers[index];
  if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    ++counters_.truncated;
    return {};
  }
  const auto* const address = reinterpret_cast<const sockaddr*>(&batch_->addresses[index]);
  return {{batch_->bytes[index].data(), message.msg_len},
          {.remote = from_socket_address(address), .local = local_number(message.msg_hdr)}};
}

std::uint16_t UdpSocket::local_number(const msghdr& header) {
  std::array<std::uint8_t, 16> ip{};
  auto* const control = CMSG_FIRSTHDR(&header);
  if (control == nullptr) return 0;
  if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(control), sizeof info);
    std::memcpy(ip.data(), &info.ipi6_addr, ip.size());
  } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(control), sizeof info);
    std::memcpy(&ip[12], &info.ipi_addr, sizeof info.ipi_addr);
  } else {
    return 0;
  }
  auto found = std::ranges::find(local_addresses_, ip);
  if (found == local_addresses_.end()) {
    if (local_addresses_.size() == kMaxLocalAddresses) return 0;
    found = local_addresses_.insert(found, ip);
  }
  return static_cast<std::uint16_t>(found - local_addresses_.begin() + 1);
}

void UdpSocket::take_over(LocalAddresses addresses) {
  if (addresses.size() <= kMaxLocalAddresses) local_addresses_ = std::move(addresses);
}

void UdpSocket::send(const Path& to, Bytes bytes, std::uint16_t segment_size) {
  const std::size_t each =
      segment_size == 0 ? std::max<std::size_t>(bytes.size(), 1) : segment_size;
  const std::size_t at_once =
      std::min(kMaxSegments, std::max<std::size_t>(kMaxSegmentedBytes / each, 1));
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(bytes.size(), segments_ ? each * at_once : each));
    bytes = bytes.subspan(part.size());
    if (send_once(to, part, segment_size) == Outcome::done) continue;
    for (std::size_t at = 0; at < part.size(); at += each) {
      send_once(to, part.subspan(at, std::min(each, part.size() - at)), 0);
    }
  }
}

UdpSocket::Outcome UdpSocket::send_once(const Path& to, Bytes bytes, std::uint16_t segment_size) {
  const bool is_segmented = segment_size != 0 && bytes.size() > segment_size;
  SocketAddress address = to_socket_address(to.remote, family_);
  iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_name = address.get();
  header.msg_namelen = address.size;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  Control control;
  if (to.local != 0 && to.local <= local_addresses_.size())
    add_source(control, local_addresses_[to.local - 1], family_);
  if (is_segmented) control.add(IPPROTO_UDP, UDP_SEGMENT, segment_size);
  control.attach(header);
  if (sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Outcome::done;
  // EINVAL: this way's MTU is too small for it. EIO: the device can't checksum it.
  if (is_segmented && (errno == EINVAL || errno == EIO || errno == EMSGSIZE)) {
    if (errno == EIO) segments_ = false;
    ++counters_.uncut;
    return Outcome::try_singly;
  }
  const std::size_t count = is_segmented ? (bytes.size() + segment_size - 1) / segment_size : 1;
  const bool is_full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
  (is_full ? counters_.full : counters_.failed) += count;
  return Outcome::done;
}

}  // namespace onair::sfu
