// Sends frames to one peer of another process, as often as it takes.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "cluster/deliveries.hpp"
#include "cluster/gateway_context.hpp"

namespace onair::cluster {

class DirectedFrames {
 public:
  /// Tells whether a peer that nobody has may still come back in this room.
  using Expects = std::function<bool(const std::string& room, const protocol::PeerId& peer)>;

  /// `context` outlives this.
  DirectedFrames(GatewayContext& context, Expects expects)
      : context_(context), expects_(std::move(expects)) {}

  void send(const rooms::DirectedFrame& directed, TimePoint now);

  /// No process has the addressee of this delivery: tries again, or gives it back to its sender.
  void on_no_subscriber(DeliveryNumber number, TimePoint now);
  /// The peer is known to be somewhere now.
  void retry_now(const protocol::PeerId& peer, TimePoint now) { deliveries_.retry_now(peer, now); }
  /// See Deliveries.
  void assume_delivered() { deliveries_.assume_delivered(); }

  bool is_consistent() const { return deliveries_.is_consistent(); }

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return deliveries_.next_due(); }

 private:
  void publish(DeliveryNumber number, const rooms::DirectedFrame& directed);
  void send_again(DeliveryNumber number, TimePoint now);

  GatewayContext& context_;
  Expects expects_;
  Deliveries deliveries_;
};

}  // namespace onair::cluster
