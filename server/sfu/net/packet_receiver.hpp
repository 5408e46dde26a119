// Takes what comes by the media sockets.
#pragma once

#include <cstdint>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/base/time.hpp"

namespace onair::sfu {

class PacketReceiver {
 public:
  virtual ~PacketReceiver() = default;
  /// The bytes may be changed, and hold until the call returns.
  virtual void receive(MutableBytes packet, const Path& from, TimePoint now) = 0;
  virtual void connection_closed(std::uint32_t tcp_connection, TimePoint now) = 0;
};

}  // namespace onair::sfu
