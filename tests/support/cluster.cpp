#include "support/cluster.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace onair::tests {

using rooms::HubId;
using rooms::ThreadBus;

namespace {

/// Ends the program where NATS would misread the subject. The fuzz targets, which use this network
/// too, have no GoogleTest.
void require(bool is_well_formed, const std::string& subject) {
  if (is_well_formed) return;
  std::fprintf(stderr, "not a subject: \"%s\"\n", subject.c_str());
  std::abort();
}

}  // namespace

void WireNetwork::End::subscribe(const std::string& subject) {
  require(cluster::is_subscription(subject), subject);
  post([this, subject] { subjects_.insert(subject); });
}

bool WireNetwork::End::takes(const std::string& subject) const {
  if (is_cut) return false;
  return std::any_of(subjects_.begin(), subjects_.end(), [&](const std::string& subscribed) {
    if (!subscribed.ends_with(">")) return subject == subscribed;
    return subject.starts_with(subscribed.substr(0, subscribed.size() - 1));
  });
}

void WireNetwork::End::post(std::function<void()> action) {
  if (!is_slow_ && !network_.one_of) return action();
  held_.push_back(std::move(action));
}

void WireNetwork::End::let_go() {
  is_slow_ = false;
  for (const auto& action : std::exchange(held_, {})) action();
}

void WireNetwork::End::publish(const std::string& subject, std::string_view payload,
                               const std::string& reply) {
  post([this, subject, payload = std::string(payload), reply] { route(subject, payload, reply); });
}

void WireNetwork::End::route(const std::string& subject, const std::string& payload,
                             const std::string& reply) {
  require(cluster::is_subject(subject), subject);
  require(reply.empty() || cluster::is_subject(reply), reply);
  if (is_cut) return;
  bool received = false;
  for (End* end : network_.ends_) {
    if (end == this || !end->takes(subject)) continue;
    received = true;
    network_.under_way.push_back({end, subject, payload, reply});
  }
  if (!received && !reply.empty()) network_.under_way.push_back({this, {}, {}, reply, true});
}

bool WireNetwork::deliver(rooms::TimePoint now) {
  if (one_of) return deliver_any(now);
  if (under_way.empty()) return false;
  const Message message = std::move(under_way.front());
  under_way.pop_front();
  hand_over(message, now);
  return true;
}

/// Takes one step on one of the ways, which are drawn by lot: from an end to NATS, or from there
/// to an end.
bool WireNetwork::deliver_any(rooms::TimePoint now) {
  std::vector<End*> senders;
  std::vector<End*> receivers;
  for (End* end : ends_) {
    if (!end->is_slow_ && !end->held_.empty()) senders.push_back(end);
    const auto is_to_it = [end](const Message& message) { return message.to == end; };
    if (std::any_of(under_way.begin(), under_way.end(), is_to_it)) receivers.push_back(end);
  }
  const std::size_t ways = senders.size() + receivers.size();
  if (ways == 0) return false;
  const std::size_t way = one_of(ways);
  if (way < senders.size()) {
    const auto action = std::move(senders[way]->held_.front());
    senders[way]->held_.pop_front();
    action();
    return true;
  }
  End* receiver = receivers[way - senders.size()];
  const auto first =
      std::find_if(under_way.begin(), under_way.end(),
                   [receiver](const Message& message) { return message.to == receiver; });
  const Message message = std::move(*first);
  under_way.erase(first);
  hand_over(message, now);
  return true;
}

void WireNetwork::hand_over(const Message& message, rooms::TimePoint now) {
  if (message.to->is_cut) return;
  delivered.push_back(message);
  if (message.nobody) {
    message.to->member->on_no_subscriber(message.reply, now);
  } else {
    message.to->member->on_message(message.subject, message.payload, message.reply, now);
  }
}

void LeaseNetwork::End::set(const cluster::Claimant& claimant, const std::string& key,
                            const std::string& value, std::uint64_t expected) {
  network_.answers.emplace_back([this, claimant, value, key, expected] {
    if (is_cut) return member->unavailable(claimant, now_);
    const auto found = network_.entries.find(key);
    const bool is_there = found != network_.entries.end() && found->second.until > now_;
    if (is_there && found->second.revision != expected) {
      return member->refused(claimant, found->second.value, found->second.revision, now_);
    }
    const std::uint64_t revision = ++network_.last_revision_;
    network_.entries[key] = {value, revision, now_ + cluster::kLeaseLifetime};
    member->granted(claimant, revision, now_);
  });
}

void LeaseNetwork::End::create(const cluster::Claimant& claimant, const std::string& key,
                               const std::string& value) {
  set(claimant, key, value, 0);
}

void LeaseNetwork::End::update(const cluster::Claimant& claimant, const std::string& key,
                               const std::string& value, std::uint64_t revision) {
  set(claimant, key, value, revision);
}

void LeaseNetwork::End::release(const std::string& key, std::uint64_t revision) {
  const auto found = network_.entries.find(key);
  if (!is_cut && found != network_.entries.end() && found->second.revision == revision) {
    network_.entries.erase(found);
  }
}

bool LeaseNetwork::deliver() {
  if (answers.empty()) return false;
  const auto answer = std::move(answers.front());
  answers.pop_front();
  answer();
  return true;
}

Cluster::Cluster(const std::vector<HubId>& hubs_of_processes, const MakeOptions& make_options) {
  if (make_real_network && hubs_of_processes.size() > 1) real = make_real_network();
  for (const HubId hubs : hubs_of_processes) {
    add_process(hubs, hubs_of_processes.size() > 1, make_options);
  }
  settle();
}

void Cluster::add_process(HubId hubs, bool with_gateway, const MakeOptions& make_options) {
  const std::size_t number = processes_.size();
  Process& process = *processes_.emplace_back(std::make_unique<Process>());
  const HubId members = hubs + (with_gateway ? 1 : 0);
  const auto gateway = with_gateway ? std::optional(hubs) : std::nullopt;
  for (HubId id = 0; id < members; ++id) {
    const auto post = [this, number, id](HubId to, ThreadBus::Batch batch) {
      ++batches;
      under_way_.push_back({number, id, to, std::move(batch)});
    };
    process.ends.push_back(std::make_unique<ThreadBus>(id, members, post, gateway));
  }
  for (HubId id = 0; id < hubs; ++id) {
    rooms::HubOptions options = make_options();
    options.first_frame = [first = 1'000'000 * (hubs_.size() + 1)] { return first; };
    process.hubs.push_back(std::make_unique<rooms::Hub>(std::move(options), *process.ends[id]));
    process.ends[id]->serve(*process.hubs.back());
    hubs_.push_back(process.hubs.back().get());
  }
  if (!with_gateway) return;
  cluster::GatewayOptions options{.process = "process" + std::to_string(number),
                                  .talkers_per_room = make_options().limits.talkers_per_room,
                                  .grace = make_options().grace};
  if (real) {
    options.prefix = real->prefix();
    const RealNetwork::Ends ends = real->add();
    process.gateway = std::make_unique<cluster::Gateway>(std::move(options), *process.ends.back(),
                                                         ends.wire, ends.leases);
    real->serve(*process.gateway);
  } else {
    process.wire = std::make_unique<WireNetwork::End>(network);
    process.leases = std::make_unique<LeaseNetwork::End>(leases, now);
    process.gateway = std::make_unique<cluster::Gateway>(std::move(options), *process.ends.back(),
                                                         *process.wire, *process.leases);
    process.wire->member = process.gateway.get();
    process.leases->member = &process.gateway->leases();
  }
  process.ends.back()->serve(*process.gateway);
  process.gateway->connected(now);
}

void Cluster::settle() {
  while (settle_a_little()) {
  }
}

bool Cluster::settle_a_little() {
  for (const auto& process : processes_) {
    for (const auto& end : process->ends) end->flush();
  }
  if (under_way_.empty() && real) return real->deliver(now, network.delivered);
  if (under_way_.empty()) return network.deliver(now) || leases.deliver();
  Parcel parcel = std::move(under_way_.front());
  under_way_.pop_front();
  processes_[parcel.process]->ends[parcel.to]->deliver(parcel.from, std::move(parcel.batch), now);
  return true;
}

void Cluster::advance(rooms::Duration duration) {
  now += duration;
  for (rooms::Hub* hub : hubs_) hub->advance(now);
  for (const auto& process : processes_) {
    if (process->gateway) process->gateway->advance(now);
  }
}

void Cluster::step(rooms::Duration duration) {
  advance(duration);
  settle();
}

void Cluster::pass(rooms::Duration duration) {
  // Between processes, silence is death: each second they say that they live.
  const rooms::Duration second = std::chrono::seconds(1);
  while (has_processes() && duration > second) {
    step(second);
    duration -= second;
  }
  step(duration);
}

void Cluster::cut(std::size_t number) {
  Process& process = *processes_.at(number);
  process.wire->is_cut = true;
  process.leases->is_cut = true;
  process.gateway->disconnected();
}

void Cluster::mend(std::size_t number) {
  Process& process = *processes_.at(number);
  process.wire->is_cut = false;
  process.leases->is_cut = false;
  process.gateway->connected(now);
  settle();
}

}  // namespace onair::tests
