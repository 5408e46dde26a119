// Counts of one hub's work since it began, for an operator's metrics.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"

namespace onair::rooms {

struct Counters {
  struct Traffic {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;  ///< as they came
  };
  /// Frames from clients, by protocol::kind_index; unknown kinds come last.
  std::array<Traffic, protocol::kKindCount + 1> relayed{};
  std::uint64_t deliveries = 0;  ///< frames handed to clients
  std::array<std::uint64_t, std::size(protocol::kAllErrorCodes)> refused{};  ///< by ErrorCode
  std::uint64_t entered = 0;
  std::uint64_t resumed = 0;  ///< of those, by a token that held
  std::uint64_t rate_cuts = 0;
};

/// A member, as an operator sees it.
struct PeerReport {
  protocol::PeerId id;
  protocol::Role role;
  bool on_air;
  bool away;  ///< without a socket
  std::optional<std::string> name;
  std::string_view kind = "onair";  ///< MemberKind::name
};

/// A hub's share of a room, as an operator sees it.
struct RoomReport {
  std::string name;
  bool locked = false;
  std::vector<PeerReport> peers = {};
};

/// The present state, in numbers.
struct Census {
  std::size_t peers = 0;
  std::size_t away = 0;  ///< of those, without a socket
  /// Members that are away because the server asked them to reconnect elsewhere.
  std::size_t sent_off = 0;
  std::size_t rooms = 0;
  std::size_t rooms_on_air = 0;
  std::size_t kept_bytes = 0;  ///< buffered for those that are away
};

}  // namespace onair::rooms
