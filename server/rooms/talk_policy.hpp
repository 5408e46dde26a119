// Policy of who may talk, for a hub that lets somebody in, for hubs and processes that find
// more talkers than slots, and for the lease on a slot that two processes claim. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/time.hpp"

namespace onair::rooms {

/// Set for a talker that was in the room before this server began and came back soon after: the
/// time from the issue of its token to that beginning. The shortest wins: its talker was let in
/// last, when the others had gone.
using Seniority = std::optional<Duration>;

/// The facts about a talker that other hubs need.
struct TalkerInfo {
  protocol::PeerId id;
  bool on_air = false;
  bool locks = false;  ///< lets no further viewers in
  Seniority seniority = {};
  bool operator==(const TalkerInfo&) const = default;
};

/// Null where it is none of them. Valid as long as they do not change.
const TalkerInfo* find(const std::vector<TalkerInfo>& talkers, const protocol::PeerId& id);

inline bool has(const std::vector<TalkerInfo>& talkers, const protocol::PeerId& id) {
  return find(talkers, id) != nullptr;
}

/// Adds those who are not among them yet: a talker that has just moved may be listed by two hubs.
void merge(std::vector<TalkerInfo>& talkers, const std::vector<TalkerInfo>& more);

/// True where a talker with seniority `a` takes a slot from one with `b`.
bool is_senior(const Seniority& a, const Seniority& b);

/// True for who may send what only talkers send. A role that is inferred (Role::none) has no right
/// of its own, but that of the pass.
constexpr bool may_send_as_talker(protocol::Role role, bool pass_may_talk) {
  return role == protocol::Role::talk || (role == protocol::Role::none && pass_may_talk);
}

/// True where one more may talk beside `talkers`, some of whom may have to give way to it.
bool has_free_slot(const std::vector<TalkerInfo>& talkers, std::size_t slots,
                   const Seniority& seniority = {});

/// The talkers that must release their slots, since more talk than may. Every hub and process comes
/// to the same result.
std::vector<TalkerInfo> surplus(std::vector<TalkerInfo> talkers, std::size_t slots);

/// True where a talker may have a lease that the store shows with this holder: the slot is free
/// (no id), its own from another process, or taken from one with less seniority. One that has lost
/// a lease that it held does not take it back.
bool may_take_lease(const TalkerInfo& claimant, const TalkerInfo& holder, bool had_it);

}  // namespace onair::rooms
