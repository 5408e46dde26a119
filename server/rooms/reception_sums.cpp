#include "rooms/reception_sums.hpp"

#include <algorithm>
#include <utility>

namespace onair::rooms {

void ReceptionReporter::note(Peer& viewer, const protocol::Reception& reception, TimePoint now) {
  viewer.room.reports.note(viewer.id, reception, now);
  set_due(viewer.room, now);
}

void ReceptionReporter::changed(Room& room, TimePoint now) {
  const bool any = std::any_of(room.elsewhere.begin(), room.elsewhere.end(),
                               [](const auto& hub) { return !hub.second.receptions.empty(); });
  if (any) set_due(room, now);
}

void ReceptionReporter::set_due(Room& room, TimePoint now) {
  if (!due_.contains(&room)) due_.set(&room, now + interval_);
}

void ReceptionReporter::advance(TimePoint now) {
  while (const auto room = due_.take_due(now)) sum(**room, now);
}

void ReceptionReporter::sum(Room& room, TimePoint now) {
  std::vector<TalkerReception> sums = room.reports.sums(now);
  if (sums != room.receptions) {
    room.receptions = std::move(sums);
    bus_.share_changed(room.name);
  }
  for (Peer* talker : room.talkers) tell(*talker);
  const bool sent = std::any_of(room.talkers.begin(), room.talkers.end(),
                                [](const Peer* talker) { return talker->sent_reception; });
  if (sent || !room.receptions.empty()) set_due(room, now);
}

/// Tells a talker whose viewers report no more that there are none, once.
void ReceptionReporter::tell(Peer& talker) {
  if (!talker.is<Present>()) return;
  protocol::AudienceReception sums = talker.room.reception_of(talker.id);
  const bool any = sums.good + sums.fair + sums.poor > 0;
  if (!std::exchange(talker.sent_reception, any) && !any) return;
  const DeliveryResult delivery = deliver(talker, frame_of(std::move(sums)), Reach::talkers);
  counters_.deliveries += delivery == DeliveryResult::sent ? 1 : 0;
}

}  // namespace onair::rooms
