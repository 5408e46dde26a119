// Settings of a gateway and its ways out, shared with its collaborators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/messages.hpp"
#include "cluster/wire.hpp"
#include "rooms/thread_bus.hpp"
#include "rooms/timeouts.hpp"

namespace onair::cluster {

struct GatewayOptions {
  std::string prefix = "onair";
  ProcessId process;  ///< unique, also in time
  Duration heartbeat = rooms::kHeartbeat;
  Duration dead_after = rooms::kDeadAfter;
  Duration share_timeout = rooms::kShareTimeout;
  int tries = rooms::kTries;
  Duration pause = rooms::kRetry;
  Duration long_pause = rooms::kSlowRetry;
  /// The least time between two messages that change only numbers of members.
  Duration share_interval = std::chrono::milliseconds(100);
  /// Talk slots of a room, on all processes together.
  std::size_t talkers_per_room = 1;
  /// Time that a dead process's members have to come back at another. A talker has longer if its
  /// lease may hold for longer.
  Duration grace = rooms::kGrace;
};

/// Messages that are published while the wire is away are lost; each user knows how to make up for
/// it.
struct GatewayContext {
  GatewayContext(GatewayOptions its_options, rooms::ThreadBus& its_bus, Wire& its_wire)
      : options(std::move(its_options)),
        subjects(options.prefix, options.process),
        bus(its_bus),
        wire(its_wire) {}

  const GatewayOptions options;
  const Subjects subjects;
  rooms::ThreadBus& bus;
  Wire& wire;
  bool connected = false;
  std::uint64_t published = 0;

  void publish(const std::string& subject, std::string_view payload,
               const std::string& reply = {}) {
    if (!connected) return;
    ++published;
    wire.publish(subject, payload, reply);
  }
};

}  // namespace onair::cluster
