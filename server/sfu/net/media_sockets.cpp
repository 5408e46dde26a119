#include "sfu/net/media_sockets.hpp"

#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <system_error>

namespace onair::sfu {

MediaSockets::MediaSockets(EventLoop& loop, std::uint16_t port, PacketReceiver& receiver,
                           TcpBounds bounds) {
  // A port that is free for UDP may be taken for TCP: then another one is tried.
  constexpr int kAttempts = 16;
  for (int attempt = 1; !tcp_; ++attempt) {
    const char* transport = "UDP";
    try {
      udp_ = std::make_unique<UdpSocket>(port);
      transport = "TCP";
      tcp_ = std::make_unique<IceTcp>(loop, udp_->family(), udp_->port(), receiver, bounds);
    } catch (const std::system_error& error) {
      if (port == 0 && error.code() == std::errc::address_in_use && attempt < kAttempts) continue;
      throw std::runtime_error(
          "Can't take " + std::string(transport) + " port " + std::to_string(port) +
          " for media (" + error.code().message() +
          "): stop the program that has it, or choose another with --media-port.");
    }
  }
  watch_ =
      Watch(loop, udp_->descriptor(), EPOLLIN, [this, &receiver](std::uint32_t, TimePoint now) {
        udp_->receive(
            [&](MutableBytes packet, const Path& from) { receiver.receive(packet, from, now); });
      });
}

void MediaSockets::send(const Path& to, Bytes bytes, std::uint16_t segment_size) {
  if (to.connection != 0) return tcp_->send(to, bytes, segment_size);
  udp_->send(to, bytes, segment_size);
}

std::uint64_t MediaSockets::dropped() const {
  return udp_->counters().full + udp_->counters().failed + tcp_->dropped();
}

}  // namespace onair::sfu
