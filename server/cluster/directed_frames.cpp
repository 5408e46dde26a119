#include "cluster/directed_frames.hpp"

namespace onair::cluster {

void DirectedFrames::send(const rooms::DirectedFrame& directed, TimePoint now) {
  // Frames for one peer stay in order.
  const bool must_wait = !context_.connected || deliveries_.any_waits_for(directed.to);
  const DeliveryNumber number = deliveries_.add(directed, now + context_.options.grace);
  if (must_wait) return deliveries_.wait(number, now + context_.options.long_pause);
  publish(number, directed);
}

void DirectedFrames::publish(DeliveryNumber number, const rooms::DirectedFrame& directed) {
  deliveries_.note_sent(number);
  context_.publish(context_.subjects.peer(directed.to),
                   encode(ToPeer{ToPeer::Kind::frame, directed.room, directed.from, directed.reach,
                                 directed.frame->text(), directed.frame->number()}),
                   context_.subjects.undelivered(number));
}

void DirectedFrames::advance(TimePoint now) {
  while (const auto number = deliveries_.take_due(now)) send_again(*number, now);
}

void DirectedFrames::send_again(DeliveryNumber number, TimePoint now) {
  const PendingDelivery* const delivery = deliveries_.find(number);
  if (delivery == nullptr) return;
  const bool connected = context_.connected;
  const bool has_come_here = context_.bus.send(delivery->directed);
  if (has_come_here || (!connected && delivery->until <= now)) {
    deliveries_.erase(number);
  } else if (connected) {
    publish(number, delivery->directed);
  } else {
    deliveries_.wait(number, now + context_.options.long_pause);
  }
}

void DirectedFrames::on_no_subscriber(DeliveryNumber number, TimePoint now) {
  const PendingDelivery* const delivery = deliveries_.find(number);
  if (delivery == nullptr) return;
  const rooms::DirectedFrame& directed = delivery->directed;
  if (delivery->tries < context_.options.tries)
    return deliveries_.wait(number, now + context_.options.pause);
  if (now < delivery->until && expects_(directed.room, directed.to)) {
    return deliveries_.wait(number, now + context_.options.long_pause);
  }
  context_.bus.return_to_sender(
      {directed.room, directed.from, directed.to, rooms::Undelivered::Why::nobody});
  deliveries_.erase(number);
}

}  // namespace onair::cluster
