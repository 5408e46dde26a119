// The decision whether somebody may enter a room. Pure: it changes nothing.
#pragma once

#include <optional>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/hub_options.hpp"
#include "rooms/removed_peers.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

/// A client that wants to enter, identified.
struct Applicant {
  protocol::Role role;
  std::optional<Resumption> resumed = {};  ///< by a token that holds
  Peer* member = nullptr;                  ///< it is a member of this hub's already
  std::optional<HubId> served_by = {};     ///< the other hub that has it
  /// True for a member that is returning: one that another hub has, a viewer with a resume token
  /// that another process may have, or the forwarder, which comes on behalf of members.
  bool returns = false;
  Seniority seniority = {};
};

/// The reason why this applicant may not enter, or nothing.
std::optional<protocol::Refusal> refusal_of(const Applicant& applicant, const Room& room,
                                            const RemovedPeers& removed, const HubLimits& limits);

}  // namespace onair::rooms
