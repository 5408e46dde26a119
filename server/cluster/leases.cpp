#include "cluster/leases.hpp"

#include <algorithm>
#include <utility>

#include "cluster/json_fields.hpp"
#include "cluster/messages.hpp"

namespace onair::cluster {
namespace {

using rooms::TalkerInfo;

std::string key_of(const Claimant& claimant, std::size_t slot) {
  return subject_word(claimant.room) + "." + std::to_string(slot);
}

/// Reads the lease's holder; empty where it can't be read.
TalkerInfo holder_of(std::string_view value) {
  TalkerInfo holder;
  const nlohmann::json object = parsed(value);
  const Fields fields(object);
  if (auto id = fields.find<std::string>("talker")) holder.id = *std::move(id);
  if (const auto before = fields.find<std::int64_t>("fromBefore")) {
    holder.seniority = Duration(*before);
  }
  return holder;
}

}  // namespace

Leases::Leases(Options options, LeaseStore& store,
               std::function<void(const Claimant&)> release_slot)
    : options_(std::move(options)), store_(store), release_slot_(std::move(release_slot)) {}

std::string Leases::value_of(const Claimant& claimant, const Lease& lease) const {
  nlohmann::json object = {{"talker", claimant.talker}, {"process", options_.process}};
  if (lease.seniority) {
    object["fromBefore"] = static_cast<std::uint64_t>(lease.seniority->count());
  }
  return protocol::json_text(object);
}

void Leases::set_talkers(const std::string& room, const std::vector<TalkerInfo>& talkers) {
  for (auto it = leases_.lower_bound({room, {}}); it != leases_.end() && it->first.room == room;) {
    const bool is_asked = !due_.contains(it->first);
    it->second.has_left = !has(talkers, it->first.talker);
    if (!it->second.has_left || is_asked) {
      ++it;
      continue;
    }
    release(it->first, it->second);
    it = forget(it);
  }
  for (const TalkerInfo& talker : talkers) {
    const auto [lease, is_new] = leases_.try_emplace({room, talker.id}, Lease{talker.seniority});
    if (is_new) ask(lease->first, lease->second);
  }
}

void Leases::release(const Claimant& claimant, const Lease& lease) {
  if (lease.revision) store_.release(key_of(claimant, lease.slot), *lease.revision);
}

std::map<Claimant, Leases::Lease>::iterator Leases::forget(
    std::map<Claimant, Lease>::iterator lease) {
  due_.erase(lease->first);
  return leases_.erase(lease);
}

void Leases::ask(const Claimant& claimant, Lease& lease) {
  const std::string key = key_of(claimant, lease.slot);
  if (lease.revision) {
    store_.update(claimant, key, value_of(claimant, lease), *lease.revision);
  } else {
    store_.create(claimant, key, value_of(claimant, lease));
  }
}

void Leases::advance(TimePoint now) {
  while (const auto claimant = due_.take_due(now)) {
    const auto lease = leases_.find(*claimant);
    if (lease != leases_.end()) ask(lease->first, lease->second);
  }
}

void Leases::granted(const Claimant& claimant, std::uint64_t revision, TimePoint now) {
  available_ = true;
  const auto found = leases_.find(claimant);
  if (found == leases_.end()) return;  // answers an earlier life of the lease
  found->second.revision = revision;
  if (found->second.has_left) {
    release(claimant, found->second);
    forget(found);
    return;
  }
  due_.set(claimant, now + options_.renewal);
}

void Leases::refused(const Claimant& claimant, std::string_view value, std::uint64_t revision,
                     TimePoint) {
  available_ = true;
  const auto found = leases_.find(claimant);
  if (found == leases_.end()) return;
  Lease& lease = found->second;
  if (lease.has_left) return void(forget(found));
  const bool had_it = std::exchange(lease.revision, std::nullopt).has_value();
  const TalkerInfo talker{.id = claimant.talker, .seniority = lease.seniority};
  if (may_take_lease(talker, holder_of(value), had_it)) {
    lease.revision = revision;
    return ask(claimant, lease);
  }
  if (!had_it && ++lease.slot < options_.slots) return ask(claimant, lease);
  forget(found);
  release_slot_(claimant);
}

bool Leases::is_consistent() const {
  return std::all_of(due_.all().begin(), due_.all().end(),
                     [this](const auto& entry) { return leases_.contains(entry.first); });
}

void Leases::unavailable(const Claimant& claimant, TimePoint now) {
  available_ = false;
  postponed(claimant, now);
}

void Leases::postponed(const Claimant& claimant, TimePoint now) {
  const auto found = leases_.find(claimant);
  if (found == leases_.end()) return;
  if (found->second.has_left) return void(forget(found));
  due_.set(claimant, now + options_.retry);
}

}  // namespace onair::cluster
