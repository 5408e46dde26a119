// Gives the hub the time, and wakes it when it has something to do.
#pragma once

#include <optional>
#include <string_view>

#include "net/aliases.hpp"
#include "relay/hub.hpp"

namespace onair::net {

/// Lives on the io_context's thread, as the hub does. Destroyed after the io_context has stopped.
class HubRunner {
 public:
  HubRunner(asio::io_context& context, relay::HubOptions options)
      : hub_(std::move(options)), timer_(context) {}

  void receive(relay::Link& link, std::string_view frame);
  void refuse(relay::Link& link, const protocol::Refusal& refusal) { hub_.refuse(link, refusal); }
  void disconnected(relay::Link& link, relay::Hub::Leaving leaving);

  const relay::Hub& hub() const { return hub_; }

 private:
  void schedule();

  relay::Hub hub_;
  Timer timer_;
  std::optional<relay::TimePoint> wake_at_;  ///< what the timer is set to
};

}  // namespace onair::net
