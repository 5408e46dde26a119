// The sockets by which media comes and goes: UDP, and TCP at the same port number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sfu/forwarder_edge.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/ice_tcp.hpp"
#include "sfu/net/packet_receiver.hpp"
#include "sfu/net/udp_socket.hpp"

namespace onair::sfu {

class MediaSockets final : public PacketSink {
 public:
  /// Port 0: one that is free for both. Calls `receiver` in ticks of the loop alone. Throws
  /// std::runtime_error with a sentence for people.
  MediaSockets(EventLoop& loop, std::uint16_t port, PacketReceiver& receiver,
               TcpBounds bounds = {});

  void send(const Path& to, Bytes bytes, std::uint16_t segment_size) override;
  /// Once each tick.
  void advance(TimePoint now) { tcp_->advance(now); }
  std::optional<TimePoint> next_deadline() const { return tcp_->next_deadline(); }

  std::uint16_t port() const { return udp_->port(); }
  UdpSocket& udp() { return *udp_; }
  const IceTcp& tcp() const { return *tcp_; }
  /// Packets that a socket did not take.
  std::uint64_t dropped() const;

 private:
  // Never null. Both use one port, which may take several attempts to find.
  std::unique_ptr<UdpSocket> udp_;
  std::unique_ptr<IceTcp> tcp_;
  Watch watch_;
};

}  // namespace onair::sfu
