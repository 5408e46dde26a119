#include "cluster/shared_room.hpp"

#include <algorithm>
#include <variant>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"

namespace onair::cluster {

using relay::RoomPart;
using relay::TalkerPart;

namespace {

/// Whether one of these parts has members who hear what watchers say, and that they are gone.
template <typename Parts>
bool any_hears_watchers(const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& entry) {
    return entry.second.roleless > 0 || !entry.second.talkers.empty();
  });
}

template <typename Parts>
RoomPart sum_of(const Parts& parts) {
  RoomPart sum;
  for (const auto& [whose, part] : parts) {
    sum.watching += part.watching;
    sum.roleless += part.roleless;
    sum.members += part.members;
    merge(sum.talkers, part.talkers);
  }
  return sum;
}

/// Who is on air, or is so no more.
struct OnAirNews {
  protocol::PeerId talker;
  bool on_air;
};

std::optional<OnAirNews> on_air_news_in(std::string_view frame) {
  // Most frames are none of these, and the envelope is read sooner.
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
           lost_.emplace(entry.first, until);
           return true;
         }) > 0;
}

std::vector<protocol::PeerId> MembersElsewhere::take_overdue(TimePoint now) {
  std::vector<protocol::PeerId> overdue;
  std::erase_if(lost_, [&](const auto& entry) {
    if (entry.second > now) return false;
    overdue.push_back(entry.first);
    return true;
  });
  return overdue;
}

bool KeptPlaces::contains(const protocol::PeerId& talker) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&talker](const Place& place) { return place.talker.id == talker; });
}

bool KeptPlaces::keep(const TalkerPart& talker, TimePoint until) {
  if (contains(talker.id)) return false;
  places_.push_back({talker, until});
  return true;
}

bool KeptPlaces::release(const std::vector<TalkerPart>& back) {
  return std::erase_if(places_,
                       [&back](const Place& place) { return has(back, place.talker.id); }) > 0;
}

std::vector<protocol::PeerId> KeptPlaces::take_overdue(TimePoint now) {
  std::vector<protocol::PeerId> overdue;
  std::erase_if(places_, [&](const Place& place) {
    if (place.until > now) return false;
    overdue.push_back(place.talker.id);
    return true;
  });
  return overdue;
}

bool tells_who_is_on_air(std::string_view frame) {
  return on_air_news_in(frame).has_value();
}

bool SharedRoom::note_on_air(std::string_view frame) {
  const auto news = on_air_news_in(frame);
  bool is_new = false;
  if (!news) return is_new;
  for (auto& [process, part] : remote) {
    for (TalkerPart& talker : part.talkers) {
      if (talker.id != news->talker || talker.on_air == news->on_air) continue;
      talker.on_air = news->on_air;
      is_new = true;
    }
  }
  return is_new;
}

bool SharedRoom::hears_of_members() const {
  return any_hears_watchers(local);
}

bool SharedRoom::tells_of_members() const {
  return any_hears_watchers(remote);
}

RoomPart SharedRoom::local_part() const {
  return sum_of(local);
}

RoomPart SharedRoom::remote_part() const {
  RoomPart sum = sum_of(remote);
  for (const KeptPlaces::Place& place : kept.all()) {
    if (!has(sum.talkers, place.talker.id)) sum.talkers.push_back(place.talker);
  }
  return sum;
}

std::vector<TalkerPart> SharedRoom::talkers() const {
  std::vector<TalkerPart> talkers = local_part().talkers;
  merge(talkers, remote_part().talkers);
  return talkers;
}

std::vector<TalkerPart> SharedRoom::present_talkers() const {
  std::vector<TalkerPart> talkers = local_part().talkers;
  for (const auto& [process, part] : remote) merge(talkers, part.talkers);
  return talkers;
}

bool SharedRoom::expects(const protocol::PeerId& peer) const {
  return elsewhere.contains(peer) || has(remote_part().talkers, peer);
}

}  // namespace onair::cluster
