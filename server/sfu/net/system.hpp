// The system's services besides sockets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sfu/forwarder_edge.hpp"
#include "sfu/net/descriptor.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/udp_socket.hpp"

namespace onair::sfu {

/// Before all else: how to log, as many descriptors as the system allows, and no end by a signal
/// that a closed pipe of the log sends.
void begin_process(const std::string& log_level);

/// Calls `end` in a tick of the loop after SIGTERM or SIGINT.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, std::function<void()> end);

 private:
  Descriptor signals_;
  Watch watch_;
};

/// 16 hexadecimal digits.
std::string random_instance();

/// Processor time that this process has used so far.
double cpu_seconds();

void log_start(const UdpSocket& udp, const std::filesystem::path& control);

/// Says in the log that packets are dropped, at most every ten seconds.
class DropLog {
 public:
  void report(std::uint64_t dropped, TimePoint now);

 private:
  std::uint64_t reported_ = 0;
  std::optional<TimePoint> next_;
};

inline std::optional<TimePoint> earliest(std::optional<TimePoint> one,
                                         std::optional<TimePoint> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

}  // namespace onair::sfu
