#include "sfu/net/ice_tcp.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <system_error>

#include "sfu/net/socket_address.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kHeaderBytes = 2;
constexpr auto kSweepEvery = std::chrono::seconds(1);
constexpr int kMaxAcceptsATick = 64;
constexpr int kMaxReadsATick = 16;

/// Bytes that the kernel holds for a slow peer, beside our own queue: late packets are no use.
constexpr int kKernelBytes = 65'536;

/// RFC 8489, section 5: the first two bits are 0, and the magic cookie is in its place.
bool looks_like_stun(Bytes packet) {
  constexpr std::size_t kStunHeaderBytes = 20;
  constexpr std::uint32_t kMagicCookie = 0x2112a442;
  return packet.size() >= kStunHeaderBytes && packet[0] < 4 &&
         read_u32(packet.data() + 4) == kMagicCookie;
}

void set(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof value);
}

Descriptor listen_at(int family, std::uint16_t port) {
  Descriptor listener(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int number = listener.get();
  if (number < 0) throw std::system_error(errno, std::generic_category(), "TCP socket");
  set(number, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6) set(number, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Accepted sockets inherit these.
  set(number, SOL_SOCKET, SO_SNDBUF, kKernelBytes);
  set(number, SOL_SOCKET, SO_RCVBUF, kKernelBytes);
  set(number, IPPROTO_TCP, TCP_NODELAY, 1);
  const Address any = family == AF_INET ? Address::v4({}, port) : Address{.port = port};
  const SocketAddress address = to_socket_address(any, family);
  if (bind(number, address.get(), address.size) != 0 || listen(number, SOMAXCONN) != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
  return listener;
}

}  // namespace

struct IceTcp::Connection {
  Descriptor socket;
  Path path;
  bool has_shown_stun = false;
  TimePoint deadline;  ///< of the core's next answer
  std::size_t received = 0;
  std::array<std::uint8_t, 2 * (kHeaderBytes + kMaxPacket)> input;
  std::size_t sent = 0;  ///< of the output
  std::vector<std::uint8_t> output;
  Watch watch;

  std::size_t waiting() const { return output.size() - sent; }
};

IceTcp::IceTcp(EventLoop& loop, int family, std::uint16_t port, PacketReceiver& receiver,
               TcpBounds bounds)
    : loop_(loop),
      receiver_(receiver),
      bounds_(bounds),
      listener_(listen_at(family, port)),
      watch_(loop, listener_.get(), EPOLLIN,
             [this](std::uint32_t, TimePoint now) { accept_connections(now); }) {}

IceTcp::~IceTcp() = default;

void IceTcp::accept_connections(TimePoint now) {
  for (int i = 0; i < kMaxAcceptsATick; ++i) {
    SocketAddress address;
    Descriptor socket(
        accept4(listener_.get(), address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      add(std::move(socket), from_socket_address(address.get()), now);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // New connections wait in the system's queue until the next sweep.
      watch_.change(0);
      next_sweep_ = next_sweep_.value_or(now + kSweepEvery);
      return;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void IceTcp::add(Descriptor socket, const Address& remote, TimePoint now) {
  std::size_t& of_address = per_address_[counted_address(remote)];
  if (connections_.size() >= bounds_.connections || of_address >= bounds_.per_address) {
    if (of_address == 0) per_address_.erase(counted_address(remote));
    return;
  }
  ++of_address;
  do {
    ++last_id_;
  } while (last_id_ == 0 || connections_.contains(last_id_));
  auto connection = std::make_unique<Connection>();
  connection->path = {.remote = remote, .connection = last_id_};
  connection->deadline = now + bounds_.first_answer;
  connection->socket = std::move(socket);
  connection->watch =
      Watch(loop_, connection->socket.get(), EPOLLIN,
            [this, id = last_id_](std::uint32_t events, TimePoint at) { handle(id, events, at); });
  connections_.emplace(last_id_, std::move(connection));
  next_sweep_ = next_sweep_.value_or(now + kSweepEvery);
}

void IceTcp::handle(std::uint32_t id, std::uint32_t events, TimePoint now) {
  now_ = now;
  Connection& connection = *connections_.at(id);
  const bool goes_on = ((events & EPOLLOUT) == 0 || flush(connection)) && read(connection, now);
  if (!goes_on) remove(id, now);
}

bool IceTcp::read(Connection& connection, TimePoint now) {
  for (int i = 0; i < kMaxReadsATick; ++i) {
    const ssize_t count =
        recv(connection.socket.get(), connection.input.data() + connection.received,
             connection.input.size() - connection.received, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    connection.received += static_cast<std::size_t>(count);
    if (!take_frames(connection, now)) return false;
  }
  return true;
}

/// Less than a frame remains, so that there is always room to read.
bool IceTcp::take_frames(Connection& connection, TimePoint now) {
  std::size_t begin = 0;
  while (connection.received - begin >= kHeaderBytes) {
    const std::size_t size = read_u16(connection.input.data() + begin);
    if (size > kMaxPacket) return false;
    if (connection.received - begin < kHeaderBytes + size) break;
    const MutableBytes packet(connection.input.data() + begin + kHeaderBytes, size);
    begin += kHeaderBytes + size;
    if (packet.empty()) continue;  // RFC 4571, section 2: a null frame keeps a connection alive
    if (!connection.has_shown_stun && !looks_like_stun(packet)) return false;
    connection.has_shown_stun = true;
    receiver_.receive(packet, connection.path, now);
  }
  std::memmove(connection.input.data(), connection.input.data() + begin,
               connection.received - begin);
  connection.received -= begin;
  return true;
}

void IceTcp::send(const Path& to, Bytes bytes, std::uint16_t segment_size) {
  const auto found = connections_.find(to.connection);
  if (found == connections_.end()) return;
  const std::size_t each = segment_size == 0 ? bytes.size() : segment_size;
  while (!bytes.empty()) {
    const Bytes packet = bytes.first(std::min(each, bytes.size()));
    bytes = bytes.subspan(packet.size());
    send_frame(*found->second, packet);
  }
}

void IceTcp::send_frame(Connection& connection, Bytes packet) {
  connection.deadline = std::max(connection.deadline, now_ + bounds_.silence);
  std::array<std::uint8_t, kHeaderBytes> header;
  write_u16(header.data(), static_cast<std::uint16_t>(packet.size()));
  const std::size_t size = kHeaderBytes + packet.size();
  std::size_t sent = 0;
  if (connection.waiting() == 0) {
    iovec parts[] = {{header.data(), header.size()},
                     {const_cast<std::uint8_t*>(packet.data()), packet.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t count = sendmsg(connection.socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    sent = count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  // A frame is queued whole or not at all, but for one whose beginning is on its way.
  const bool has_room = connection.waiting() + size <= most_output();
  if (sent == 0 && !has_room) {
    ++dropped_;
    return;
  }
  if (sent == size) return;
  const auto append = [&](Bytes part) {
    const Bytes rest = part.subspan(std::min(sent, part.size()));
    sent -= part.size() - rest.size();
    connection.output.insert(connection.output.end(), rest.begin(), rest.end());
  };
  waiting_ += size - sent;
  append(header);
  append(packet);
  connection.watch.change(EPOLLIN | EPOLLOUT);
}

std::size_t IceTcp::most_output() const {
  constexpr std::size_t kPartsOfRest = 64;
  const std::size_t rest = bounds_.all_output - std::min(waiting_, bounds_.all_output);
  return std::min(bounds_.output, rest / kPartsOfRest);
}

bool IceTcp::flush(Connection& connection) {
  const ssize_t count = ::send(connection.socket.get(), connection.output.data() + connection.sent,
                               connection.waiting(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  connection.sent += static_cast<std::size_t>(count);
  waiting_ -= static_cast<std::size_t>(count);
  if (connection.waiting() == 0) {
    connection.output = std::vector<std::uint8_t>();  // an empty list would keep the memory
    connection.sent = 0;
    connection.watch.change(EPOLLIN);
  } else if (connection.sent > bounds_.output) {
    connection.output.erase(
        connection.output.begin(),
        connection.output.begin() + static_cast<std::ptrdiff_t>(connection.sent));
    connection.sent = 0;
  }
  return true;
}

void IceTcp::remove(std::uint32_t id, TimePoint now) {
  const auto found = connections_.find(id);
  const Address counted = counted_address(found->second->path.remote);
  waiting_ -= found->second->waiting();
  connections_.erase(found);
  if (--per_address_[counted] == 0) per_address_.erase(counted);
  receiver_.connection_closed(id, now);
}

void IceTcp::advance(TimePoint now) {
  now_ = now;
  if (!next_sweep_ || now < *next_sweep_) return;
  watch_.change(EPOLLIN);
  std::vector<std::uint32_t> silent;
  for (const auto& [id, connection] : connections_) {
    if (connection->deadline <= now) silent.push_back(id);
  }
  for (const std::uint32_t id : silent) remove(id, now);
  next_sweep_ = connections_.empty() ? std::nullopt : std::optional(now + kSweepEvery);
}

}  // namespace onair::sfu
