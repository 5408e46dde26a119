// The UDP socket of one viewer.
#pragma once

#include <cstdint>
#include <optional>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

/// Connected to the forwarder. A filter in the kernel lets through what is no RTP, and one RTP
/// packet in kSampling; it counts the others as the socket's drops. So thousands of viewers cost
/// little.
class MediaSocket {
 public:
  /// Throws std::system_error.
  explicit MediaSocket(const sfu::Address& forwarder);

  int descriptor() const { return socket_.get(); }
  void send(sfu::Bytes packet) const;
  /// Nothing when there is none.
  std::optional<sfu::Bytes> receive(sfu::MutableBytes buffer) const;

  /// From now on the kernel keeps back all RTP packets but those that are sampled (see kSampling),
  /// and counts them, as the socket's drops. So thousands of viewers cost little.
  void keep_back_most() const;
  /// Packets kept back since the start. Wraps at 2^32.
  std::uint32_t kept_back() const;

 private:
  sfu::Descriptor socket_;
};

}  // namespace onair::load
