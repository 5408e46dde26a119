#include "rooms/entry.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;

namespace {

std::optional<Refusal> refusal_of_newcomer(const Applicant& applicant, const Room& room,
                                           const HubLimits& limits) {
  const bool finds_slot =
      applicant.role != Role::talk ||
      has_free_slot(room.all_talkers(), limits.talkers_per_room, applicant.seniority);
  if (!finds_slot) return Refusal{ErrorCode::room_taken, "Somebody else talks in this room."};
  // A lock is for talkers too: one more could end the room.
  if (applicant.seniority || !room.locked()) return std::nullopt;
  return Refusal{ErrorCode::room_locked, "This room is locked."};
}

/// The members that keep their slots, apart from the applicant, whom the hub that served it may
/// still count.
std::size_t others_in(const Room& room, const Applicant& applicant) {
  const std::size_t staying = room.staying();
  if (!applicant.served_by) return staying;
  const auto share = room.elsewhere.find(*applicant.served_by);
  const bool counted = share != room.elsewhere.end() && share->second.members > 0;
  return staying - (counted && staying > 0 ? 1 : 0);
}

}  // namespace

std::optional<Refusal> refusal_of(const Applicant& applicant, const Room& room,
                                  const RemovedPeers& removed, const HubLimits& limits) {
  if (applicant.resumed && removed.contains(room.name, applicant.resumed->id)) {
    return Refusal{ErrorCode::removed, "You were removed from this room."};
  }
  if (applicant.member != nullptr) return std::nullopt;
  if (!applicant.returns) {
    if (auto refusal = refusal_of_newcomer(applicant, room, limits)) return refusal;
  }
  // Members that return may be counted at two hubs for a moment.
  const std::size_t bound = limits.peers_per_room * (applicant.returns ? 2 : 1);
  if (others_in(room, applicant) < bound) return std::nullopt;
  return Refusal{ErrorCode::room_full, "This room is full."};
}

}  // namespace onair::rooms
