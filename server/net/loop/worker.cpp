#include "net/loop/worker.hpp"

#include <algorithm>
#include <utility>

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

/// How many of the bus's members are workers.
std::size_t threads_of(rooms::HubId members, const std::optional<rooms::HubId>& gateway) {
  return gateway ? members - 1U : members;
}

/// A thread's equal share of a bound, and one at least.
std::size_t share_of(std::size_t bound, std::size_t threads) {
  return std::max<std::size_t>(1, bound / threads);
}

}  // namespace

Worker::Worker(rooms::HubId self, rooms::HubId members, std::optional<rooms::HubId> gateway,
               rooms::ThreadBus::Post post, rooms::HubOptions options, const Limits& limits)
    : self_(self),
      limits_(limits),
      handshakes_(context_, share_of(limits.handshakes, threads_of(members, gateway))),
      waiting_tls_connections_(
          share_of(limits.waiting_tls_connections, threads_of(members, gateway))),
      bus_(self, members, std::move(post), gateway),
      hub_(std::move(options), bus_) {
  bus_.serve(hub_);
  tick_.before_flush([this] { bus_.flush(); });
  const std::size_t threads = threads_of(members, gateway);
  tick_.output_budget.limit(limits.queue_bytes / threads);
  tick_.input_budget.limit(limits.input_bytes / threads);
}

Worker::~Worker() {
  for (const auto& link : links()) link->break_ownership_cycle();
  for (SelfOwned* connection : std::set(kept_)) connection->break_ownership_cycle();
  socketio_sessions.clear();
  links_.clear();  // which need the context
  handshakes_.clear();
  tick_.clear();
}

/// As they are now, since what is done with them may change who is there.
std::vector<std::shared_ptr<ClientLink>> Worker::links() const {
  std::vector<std::shared_ptr<ClientLink>> all;
  for (const auto& [number, link] : links_) all.push_back(link);
  return all;
}

void Worker::connected(std::shared_ptr<ClientLink> link) {
  const std::uint64_t number = ++last_number_;
  link->number = number;
  links_.emplace(number, std::move(link));
  newcomers_.push_back({Clock::now() + limits_.handshake_time, number});
  if (sends_all_off_) {
    tick_.later([this, number] {
      const auto found = links_.find(number);
      if (found != links_.end()) send_off(*std::shared_ptr(found->second));
      after_news();
    });
  }
  after_news();
}

void Worker::receive(rooms::Link& link, std::string_view frame) {
  // A client that has not entered is about to do so elsewhere.
  if (sends_all_off_ && link.peer == nullptr && link.waits_for == nullptr) return;
  hub_.receive(link, frame, Clock::now());
  after_news();
}

void Worker::disconnected(ClientLink& link, rooms::Hub::Leaving leaving) {
  hub_.disconnected(link, leaving, Clock::now());
  links_.erase(link.number);  // not where the hub has thrown: it may still have it
  after_news();
}

void Worker::enter(rooms::Link& link, const rooms::EntryRequest& request) {
  hub_.enter(link, request, Clock::now());
  after_news();
}

void Worker::send(rooms::Link& link, const protocol::Envelope& envelope, std::string_view object) {
  hub_.send(link, envelope, object, Clock::now());
  after_news();
}

bool Worker::spend(rooms::Link& link, std::size_t bytes) {
  return hub_.spend(link, bytes, Clock::now());
}

void Worker::leave(rooms::Link& link) {
  hub_.disconnected(link, rooms::Hub::Leaving::for_good, Clock::now());
  after_news();
}

void Worker::deliver(rooms::HubId from, rooms::ThreadBus::Batch batch) {
  tick_.run([&] {
    bus_.deliver(from, std::move(batch), Clock::now());
    after_news();
  });
}

void Worker::send_all_off() {
  sends_all_off_ = true;
  tick_.run([&] {
    for (const auto& link : links()) send_off(*link);
    after_news();
  });
}

void Worker::send_off(ClientLink& link) {
  hub_.send_off(link, Clock::now());
  link.close(protocol::CloseCode::service_restart);
}

WorkerReport Worker::report() const {
  WorkerReport report{.census = hub_.census(),
                      .counters = hub_.counters(),
                      .clients = links_.size(),
                      .queue_bytes = tick_.output_budget.used(),
                      .slow_consumers = slow_consumers_,
                      .never_entered = never_entered_};
  for (const auto& [number, link] : links_) {
    report.polling += link->is_polling() ? 1 : 0;
    report.media += link->is_media() ? 1 : 0;
  }
  return report;
}

/// After whatever may have given the hub something to say or to wait for.
void Worker::after_news() {
  if (bus_.has_news()) tick_.end_soon();
  auto due = hub_.next_deadline();
  if (!newcomers_.empty() && (!due || newcomers_.front().until < *due)) {
    due = newcomers_.front().until;
  }
  if (due == wake_at_) return;
  wake_at_ = due;
  timer_.cancel();
  if (!due) return;
  timer_.expires_at(*due);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick_.run([this] { advance(); });  // else another moment was set
  });
}

void Worker::advance() {
  wake_at_.reset();
  const auto now = Clock::now();
  drop_those_who_never_entered(now);
  hub_.advance(now);
  after_news();
}

void Worker::drop_those_who_never_entered(rooms::TimePoint now) {
  while (!newcomers_.empty() && newcomers_.front().until <= now) {
    const auto found = links_.find(newcomers_.front().number);
    newcomers_.pop_front();
    if (found == links_.end()) continue;
    const std::shared_ptr<ClientLink> link = found->second;
    if (link->peer != nullptr || link->waits_for != nullptr) continue;
    ++never_entered_;
    link->close(protocol::CloseCode::policy_violation);
  }
}

bool Worker::end_room(const std::string& room) {
  bool ended = false;
  tick_.run([&] {
    ended = hub_.end_room(room, Clock::now());
    after_news();
  });
  return ended;
}

bool Worker::remove_peer(const std::string& room, const protocol::PeerId& peer) {
  bool removed = false;
  tick_.run([&] {
    removed = hub_.remove_peer(room, peer, Clock::now());
    after_news();
  });
  return removed;
}

}  // namespace onair::net
