// The UDP socket of all peers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <sys/socket.h>
#include <vector>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::sfu {

struct UdpCounters {
  std::uint64_t full = 0;       ///< datagrams that the send buffer had no room for
  std::uint64_t failed = 0;     ///< datagrams that the system refused, e.g. without a route
  std::uint64_t truncated = 0;  ///< received ones that are longer than kMaxPacket
  std::uint64_t uncut = 0;      ///< sends with UDP_SEGMENT that the system refused
};

class UdpSocket {
 public:
  /// All addresses of IPv6 and IPv4, or of IPv4 where the system has nothing else. Port 0: any.
  /// Throws std::system_error.
  explicit UdpSocket(std::uint16_t port);

  int descriptor() const { return socket_.get(); }
  int family() const { return family_; }
  std::uint16_t port() const { return port_; }
  const UdpCounters& counters() const { return counters_; }
  /// Bytes that the system gave for receiving; at least for sending too.
  int receive_buffer() const;

  /// Gives what has come to `receive(MutableBytes packet, const Path& from)`, at most kMaxRounds
  /// batches, so that the rest of the loop runs too.
  template <typename Receive>
  void receive(Receive receive) {
    for (int round = 0; round < kMaxRounds; ++round) {
      const std::size_t count = receive_batch();
      for (std::size_t i = 0; i < count; ++i) {
        if (const Received packet = received(i); !packet.bytes.empty())
          receive(packet.bytes, packet.from);
      }
      if (count < kBatch) return;
    }
  }

  /// See PacketSink. Drops and counts what can't be sent now: for a receiver that is a loss like
  /// any other, and a queue here would only make it late.
  void send(const Path& to, Bytes bytes, std::uint16_t segment_size);

  const LocalAddresses& local_addresses() const { return local_addresses_; }
  /// Counts our addresses as the process before this one did. Before the first packet.
  void take_over(LocalAddresses addresses);

  /// For tests: sends each datagram by itself, as on a kernel without UDP_SEGMENT.
  void disable_segmentation() { segments_ = false; }

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr int kMaxRounds = 8;

  struct Received {
    MutableBytes bytes;  ///< empty: to be skipped
    Path from;
  };
  /// Buffers for one call of recvmmsg.
  struct Batch {
    std::array<mmsghdr, kBatch> headers;
    std::array<iovec, kBatch> vectors;
    std::array<sockaddr_storage, kBatch> addresses;
    std::array<std::array<std::uint8_t, 64>, kBatch> controls;
    std::array<std::array<std::uint8_t, kMaxPacket>, kBatch> bytes;
  };
  enum class Outcome { done, try_singly };

  void open(int family, std::uint16_t port);
  void prepare_batch();
  std::size_t receive_batch();
  Received received(std::size_t index);
  std::uint16_t local_number(const msghdr& header);
  Outcome send_once(const Path& to, Bytes bytes, std::uint16_t segment_size);

  Descriptor socket_;
  int family_ = AF_INET6;
  std::uint16_t port_ = 0;
  bool segments_ = false;
  UdpCounters counters_;
  std::unique_ptr<Batch> batch_;
  /// Our addresses that packets came to; Path::local counts them from 1. Bounded: with a routed
  /// network of its own (AnyIP) a machine has any number.
  LocalAddresses local_addresses_;
};

}  // namespace onair::sfu
