#include "net/nats/cluster_node.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "net/auth/crypto.hpp"
#include "net/loop/run_guarded.hpp"

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kProcessIdBytes = 8;

/// Of frames that wait for this thread.
constexpr std::size_t kMostBacklogBytes = 16'777'216;

}  // namespace

ClusterNode::ClusterNode(const ClusterOptions& options, rooms::HubId self,
                         rooms::ThreadBus::Post post, rooms::Duration grace,
                         std::size_t talkers_per_room, std::function<void()> on_exception)
    : backlog_(kMostBacklogBytes),
      bus_(self, self + 1, std::move(post), self),
      leases_(options.prefix + "_leases", cluster::kLeaseLifetime),
      wire_(options.nats, context_, member_),
      gateway_({.prefix = options.prefix,
                .process = random_hex(kProcessIdBytes),
                .talkers_per_room = talkers_per_room,
                .grace = grace},
               bus_, wire_, leases_),
      on_exception_(std::move(on_exception)) {
  bus_.serve(gateway_);
}

ClusterNode::~ClusterNode() {
  stop();
}

void ClusterNode::start() {
  thread_ = std::thread([this] { run_guarded(context_, on_exception_); });
  leases_.start([this] { return wire_.connection(); }, context_, lease_member_);
}

void ClusterNode::leave() {
  leaves_ = true;
  asio::post(context_, [this] {
    while (handle_some()) {
    }
    gateway_.leave();
    wire_.flush();
    context_.stop();
  });
}

void ClusterNode::stop() {
  if (!leaves_) context_.stop();
  if (thread_.joinable()) thread_.join();
  leases_.stop();
}

void ClusterNode::deliver(rooms::HubId from, rooms::ThreadBus::Batch batch) {
  if (backlog_.add(from, std::move(batch))) handle_soon();
}

void ClusterNode::handle_soon() {
  asio::post(context_, [this] {
    if (handle_some()) handle_soon();
  });
}

/// Leaves the rest to another turn of the loop: the heartbeat and the leases' renewals come in
/// time, however much clients send. False where nothing waited.
bool ClusterNode::handle_some() {
  Backlog::Part part = backlog_.take();
  if (part.batch.empty()) return false;
  bus_.deliver(part.from, std::move(part.batch), Clock::now());
  after_news();
  return true;
}

ClusterReport ClusterNode::report() const {
  return {connected_, has_leases_, processes_, {published_, received_, frames_received_, foreign_}};
}

/// To be called after anything that may have given the gateway something to send or to wait for.
/// The report comes first: a receiver of the outputs may ask for it at once.
void ClusterNode::after_news() {
  connected_ = gateway_.is_connected();
  has_leases_ = gateway_.has_leases();
  processes_ = gateway_.processes();
  published_ = gateway_.counters().published;
  received_ = gateway_.counters().received;
  frames_received_ = gateway_.counters().frames_received;
  foreign_ = gateway_.counters().foreign;
  bus_.flush();
  const auto due = gateway_.next_deadline();
  if (due == wake_at_) return;
  wake_at_ = due;
  timer_.cancel();
  if (!due) return;
  timer_.expires_at(*due);
  timer_.async_wait([this](error_code error) {
    if (error) return;  // another moment was set
    wake_at_.reset();
    gateway_.advance(Clock::now());
    after_news();
  });
}

void ClusterNode::Member::on_message(std::string_view subject, std::string_view payload,
                                     std::string_view reply, rooms::TimePoint now) {
  node_.gateway_.on_message(subject, payload, reply, now);
  node_.after_news();
}

void ClusterNode::Member::on_no_subscriber(std::string_view reply, rooms::TimePoint now) {
  node_.gateway_.on_no_subscriber(reply, now);
  node_.after_news();
}

void ClusterNode::Member::connected(rooms::TimePoint now) {
  node_.gateway_.connected(now);
  node_.after_news();
}

void ClusterNode::Answers::granted(const cluster::Claimant& claimant, std::uint64_t revision,
                                   rooms::TimePoint now) {
  node_.gateway_.leases().granted(claimant, revision, now);
  node_.after_news();
}

void ClusterNode::Answers::refused(const cluster::Claimant& claimant, std::string_view value,
                                   std::uint64_t revision, rooms::TimePoint now) {
  node_.gateway_.leases().refused(claimant, value, revision, now);
  node_.after_news();
}

void ClusterNode::Answers::unavailable(const cluster::Claimant& claimant, rooms::TimePoint now) {
  node_.gateway_.leases().unavailable(claimant, now);
  node_.after_news();
}

void ClusterNode::Answers::postponed(const cluster::Claimant& claimant, rooms::TimePoint now) {
  node_.gateway_.leases().postponed(claimant, now);
  node_.after_news();
}

void ClusterNode::Member::disconnected() {
  node_.gateway_.disconnected();
  node_.after_news();
}

}  // namespace onair::net
