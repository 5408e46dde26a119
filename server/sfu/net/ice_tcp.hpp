// ICE over TCP, passive (RFC 6544), in frames of RFC 4571: for peers whose network lets no UDP
// through.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sfu/base/packet.hpp"
#include "sfu/net/descriptor.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/packet_receiver.hpp"

namespace onair::sfu {

struct TcpBounds {
  std::size_t connections = 4'096;
  std::size_t per_address = 512;  ///< IPv6: of a /64
  /// Bytes that may wait for one peer that reads slowly; a further packet is dropped. A third of a
  /// second of video at 2.5 Mbit/s.
  std::size_t output = 131'072;
  /// The same of all together. Of what is left of it a peer takes no more than a 64th, so that
  /// all the connections that one address may have, and that read nothing, leave the others some
  /// (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6, 1998).
  std::size_t all_output = 67'108'864;
  /// A connection to which the core has not sent anything for so long is closed: at first, when it
  /// has shown no valid STUN check, and later, when it shows none any more.
  Duration first_answer = std::chrono::seconds(5);
  Duration silence = std::chrono::seconds(40);
};

class IceTcp {
 public:
  /// Listens at the port of all addresses. Throws std::system_error.
  IceTcp(EventLoop& loop, int family, std::uint16_t port, PacketReceiver& receiver,
         TcpBounds bounds);
  ~IceTcp();

  /// See PacketSink. A connection that is gone takes nothing.
  void send(const Path& to, Bytes bytes, std::uint16_t segment_size);
  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return next_sweep_; }

  std::size_t connections() const { return connections_.size(); }
  std::uint64_t dropped() const { return dropped_; }  ///< packets to slow peers

 private:
  struct Connection;

  void accept_connections(TimePoint now);
  void add(Descriptor socket, const Address& remote, TimePoint now);
  void handle(std::uint32_t id, std::uint32_t events, TimePoint now);
  /// False when the connection is to be closed.
  bool read(Connection& connection, TimePoint now);
  bool take_frames(Connection& connection, TimePoint now);
  bool flush(Connection& connection);
  void send_frame(Connection& connection, Bytes packet);
  /// Bytes that may wait for one peer now.
  std::size_t most_output() const;
  void remove(std::uint32_t id, TimePoint now);

  EventLoop& loop_;
  PacketReceiver& receiver_;
  TcpBounds bounds_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Connection>> connections_;
  std::map<Address, std::size_t> per_address_;
  std::uint32_t last_id_ = 0;
  std::size_t waiting_ = 0;  ///< bytes of output of all connections
  std::uint64_t dropped_ = 0;
  TimePoint now_{};  ///< of this tick
  std::optional<TimePoint> next_sweep_;
  Descriptor listener_;
  Watch watch_;
};

}  // namespace onair::sfu
