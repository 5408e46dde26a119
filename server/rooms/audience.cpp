#include "rooms/audience.hpp"

namespace onair::rooms {

void Audience::changed(Room& room, TimePoint now) {
  if (!room.audience_sent || room.audience_sent_at + interval_ <= now) return send(room, now);
  due_.set(&room, room.audience_sent_at + interval_);
}

void Audience::advance(TimePoint now) {
  while (const auto room = due_.take_due(now)) send(**room, now);
}

void Audience::send(Room& room, TimePoint now) {
  due_.erase(&room);
  const std::uint32_t watching = room.watching();
  if (room.audience_sent == watching) return;
  room.audience_sent = watching;
  room.audience_sent_at = now;
  if (room.talkers.empty()) return;
  counters_.deliveries += room.send_to_talkers(frame_of(protocol::Audience{watching}));
}

}  // namespace onair::rooms
