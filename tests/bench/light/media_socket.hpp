// The UDP socket of one light peer.
#pragma once

#include <cstdint>
#include <optional>

#include "light/source_address.hpp"
#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

/// Connected to the forwarder.
class MediaSocket {
 public:
  /// Throws std::system_error.
  MediaSocket(const sfu::Address& forwarder, const SourceAddress& from);

  int descriptor() const { return socket_.get(); }
  void send(sfu::Bytes packet) const;
  /// Nothing when there is none.
  std::optional<sfu::MutableBytes> receive(sfu::MutableBytes buffer) const;

  /// From now on the kernel keeps back all RTP packets but those that are sampled (see kSampling),
  /// and counts them, as the socket's drops. So thousands of viewers cost little.
  void keep_back_most() const;
  /// Packets kept back since the start, and those that the socket's buffer had no room for. Wraps
  /// at 2^32.
  std::uint32_t kept_back() const;

 private:
  sfu::Descriptor socket_;
};

}  // namespace onair::load
