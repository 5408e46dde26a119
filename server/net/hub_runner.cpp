#include "net/hub_runner.hpp"

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

void HubRunner::receive(relay::Link& link, std::string_view frame) {
  hub_.receive(link, frame, Clock::now());
  schedule();
}

void HubRunner::disconnected(relay::Link& link, relay::Hub::Leaving leaving) {
  hub_.disconnected(link, leaving, Clock::now());
  schedule();
}

void HubRunner::schedule() {
  const auto due = hub_.next_deadline();
  if (due == wake_at_) return;
  wake_at_ = due;
  timer_.cancel();
  if (!due) return;
  timer_.expires_at(*due);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // another moment was set
    wake_at_.reset();
    hub_.advance(Clock::now());
    schedule();
  });
}

}  // namespace onair::net
