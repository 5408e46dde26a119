#include "cluster/shared_room.hpp"

#include <algorithm>
#include <variant>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"
#include "rooms/reception_reports.hpp"

namespace onair::cluster {

using rooms::RoomShare;
using rooms::TalkerInfo;

namespace {

/// True where a share has members that receive viewers' frames, and the news that they are gone.
template <typename Shares>
bool any_receives_watchers(const Shares& shares) {
  return std::any_of(shares.begin(), shares.end(), [](const auto& entry) {
    return entry.second.socketio > 0 || entry.second.receives_viewers();
  });
}

template <typename Shares>
RoomShare sum_of(const Shares& shares) {
  RoomShare sum;
  for (const auto& [whose, share] : shares) {
    sum.watching += share.watching;
    sum.socketio += share.socketio;
    sum.members += share.members;
    sum.away += share.away;
    sum.forwarders += share.forwarders;
    merge(sum.talkers, share.talkers);
    add_receptions(sum.receptions, share.receptions);
  }
  return sum;
}

/// A talker went on or off air.
struct OnAirNews {
  protocol::PeerId talker;
  bool on_air;
};

std::optional<OnAirNews> on_air_news_in(std::string_view frame) {
  // Most frames are none of these, and reading the envelope is cheaper.
  const auto envelope = protocol::scan_envelope(frame);
  const auto* const known = std::get_if<protocol::Envelope>(&envelope);
  if (known == nullptr || (known->type != "talk_ready" && known->type != "end_talk" &&
                           known->type != "user_disconnected")) {
    return std::nullopt;
  }
  const auto decoded = protocol::decode(frame);
  const auto* const message = std::get_if<protocol::Message>(&decoded);
  if (message == nullptr) return std::nullopt;
  if (const auto* const gone = std::get_if<protocol::UserDisconnected>(&message->body)) {
    return OnAirNews{gone->id, false};
  }
  if (!message->from) return std::nullopt;
  return OnAirNews{*message->from, std::holds_alternative<protocol::TalkReady>(message->body)};
}

}  // namespace

void MembersElsewhere::come(const ProcessId& process, const protocol::PeerId& peer) {
  at_[peer] = process;
  lost_.erase(peer);
}

void MembersElsewhere::go(const ProcessId& process, const protocol::PeerId& peer) {
  const auto found = at_.find(peer);
  if (found != at_.end() && found->second == process) at_.erase(found);
}

void MembersElsewhere::take(const protocol::PeerId& peer) {
  at_.erase(peer);
  lost_.erase(peer);
}

bool MembersElsewhere::list(const Members& piece, TimePoint until) {
  std::set<protocol::PeerId>& listed = listed_[piece.process];
  listed.insert(piece.come.begin(), piece.come.end());
  if (!piece.ends_list) return false;
  const bool lost_some = lose_but(listed, piece.process, until);
  listed_.erase(piece.process);
  return lost_some;
}

bool MembersElsewhere::lose(const ProcessId& process, TimePoint until) {
  listed_.erase(process);
  return lose_but({}, process, until);
}

bool MembersElsewhere::lose_but(const std::set<protocol::PeerId>& there, const ProcessId& process,
                                TimePoint until) {
  return std::erase_if(at_, [&](const auto& entry) {
           if (entry.second != process || there.contains(entry.first)) return false;
           lost_.set(entry.first, until);
           return true;
         }) > 0;
}

std::vector<protocol::PeerId> MembersElsewhere::take_overdue(TimePoint now) {
  std::vector<protocol::PeerId> overdue;
  while (auto peer = lost_.take_due(now)) overdue.push_back(*std::move(peer));
  return overdue;
}

bool HeldSlots::contains(const protocol::PeerId& talker) const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [&talker](const Slot& slot) { return slot.talker.id == talker; });
}

bool HeldSlots::add(const TalkerInfo& talker, TimePoint until) {
  if (contains(talker.id)) return false;
  slots_.push_back({talker, until});
  return true;
}

bool HeldSlots::release(const std::vector<TalkerInfo>& back) {
  return std::erase_if(slots_, [&back](const Slot& slot) { return has(back, slot.talker.id); }) > 0;
}

std::vector<protocol::PeerId> HeldSlots::take_overdue(TimePoint now) {
  std::vector<protocol::PeerId> overdue;
  std::erase_if(slots_, [&](const Slot& slot) {
    if (slot.until > now) return false;
    overdue.push_back(slot.talker.id);
    return true;
  });
  return overdue;
}

std::optional<TimePoint> HeldSlots::next_due() const {
  std::optional<TimePoint> next;
  for (const Slot& slot : slots_) next = rooms::earliest({next, slot.until});
  return next;
}

std::optional<TimePoint> SharedRoom::next_due() const {
  return rooms::earliest({known_by, publish_due, elsewhere.next_due(), held_slots.next_due()});
}

void SharedRoom::note_others(const Share& share, const ProcessId& self) {
  awaited.erase(share.process);
  for (const ProcessId& other : share.others) {
    if (!known && other != self && !remote.contains(other)) awaited.insert(other);
  }
}

bool changes_who_is_on_air(std::string_view frame) {
  return on_air_news_in(frame).has_value();
}

bool SharedRoom::note_on_air(std::string_view frame) {
  const auto news = on_air_news_in(frame);
  bool is_new = false;
  if (!news) return is_new;
  for (auto& [process, share] : remote) {
    for (TalkerInfo& talker : share.talkers) {
      if (talker.id != news->talker || talker.on_air == news->on_air) continue;
      talker.on_air = news->on_air;
      is_new = true;
    }
  }
  return is_new;
}

bool SharedRoom::receives_members() const {
  return any_receives_watchers(local);
}

bool SharedRoom::sends_members() const {
  return any_receives_watchers(remote);
}

RoomShare SharedRoom::local_share() const {
  return sum_of(local);
}

RoomShare SharedRoom::remote_share() const {
  RoomShare sum = sum_of(remote);
  for (const HeldSlots::Slot& slot : held_slots.all()) {
    if (!has(sum.talkers, slot.talker.id)) sum.talkers.push_back(slot.talker);
  }
  return sum;
}

std::vector<TalkerInfo> SharedRoom::talkers() const {
  std::vector<TalkerInfo> talkers = local_share().talkers;
  merge(talkers, remote_share().talkers);
  return talkers;
}

std::vector<TalkerInfo> SharedRoom::present_talkers() const {
  std::vector<TalkerInfo> talkers = local_share().talkers;
  for (const auto& [process, share] : remote) merge(talkers, share.talkers);
  return talkers;
}

bool SharedRoom::expects(const protocol::PeerId& peer) const {
  return elsewhere.contains(peer) || has(remote_share().talkers, peer);
}

}  // namespace onair::cluster
