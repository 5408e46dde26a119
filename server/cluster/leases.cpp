#include "cluster/leases.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/messages.hpp"

namespace onair::cluster {
namespace {

using nlohmann::json;
using rooms::TalkerInfo;

std::string key_of(const Claimant& claimant, std::size_t slot) {
  return subject_word(claimant.room) + "." + std::to_string(slot);
}

/// Reads the lease's holder; empty where it can't be read.
TalkerInfo holder_of(std::string_view value) {
  TalkerInfo holder;
  const json object = json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return holder;
  const auto talker = object.find("talker");
  if (talker != object.end() && talker->is_string()) holder.id = talker->get<std::string>();
  const auto before = object.find("fromBefore");
  if (before != object.end() && before->is_number_unsigned()) {
    holder.seniority = Duration(before->get<std::int64_t>());
  }
  return holder;
}

}  // namespace

Leases::Leases(Options options, LeaseStore& store,
               std::function<void(const Claimant&)> release_slot)
    : options_(std::move(options)), store_(store), release_slot_(std::move(release_slot)) {}

std::string Leases::value_of(const Claimant& claimant, const Lease& lease) const {
  json object = {{"talker", claimant.talker}, {"process", options_.process}};
  if (lease.seniority) {
    object["fromBefore"] = static_cast<std::uint64_t>(lease.seniority->count());
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

void Leases::set_talkers(const std::string& room, const std::vector<TalkerInfo>& talkers) {
  for (auto it = leases_.lower_bound({room, {}}); it != leases_.end() && it->first.room == room;) {
    if (has(talkers, it->first.talker)) {
      ++it;
      continue;
    }
    if (it->second.revision) {
      store_.release(key_of(it->first, it->second.slot), *it->second.revision);
    }
    it = forget(it);
  }
  for (const TalkerInfo& talker : talkers) {
    const auto [lease, is_new] = leases_.try_emplace({room, talker.id}, Lease{talker.seniority});
    if (is_new) ask(lease->first, lease->second);
  }
}

std::map<Claimant, Leases::Lease>::iterator Leases::forget(
    std::map<Claimant, Lease>::iterator lease) {
  if (lease->second.due) due_.erase({*lease->second.due, lease->first});
  return leases_.erase(lease);
}

void Leases::schedule(TimePoint due, const Claimant& claimant, Lease& lease) {
  lease.due = due;
  due_.emplace(due, claimant);
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
  while (!due_.empty() && due_.begin()->first <= now) {
    const Claimant claimant = due_.begin()->second;
    due_.erase(due_.begin());
    Lease& lease = leases_.at(claimant);
    lease.due.reset();
    ask(claimant, lease);
  }
}

std::optional<TimePoint> Leases::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void Leases::granted(const Claimant& claimant, std::uint64_t revision, TimePoint now) {
  available_ = true;
  const auto found = leases_.find(claimant);
  // The talker has gone meanwhile: its lease expires by itself.
  if (found == leases_.end()) return;
  found->second.revision = revision;
  schedule(now + options_.lifetime / 3, found->first, found->second);
}

void Leases::refused(const Claimant& claimant, std::string_view value, std::uint64_t revision,
                     TimePoint) {
  available_ = true;
  const auto found = leases_.find(claimant);
  if (found == leases_.end()) return;
  Lease& lease = found->second;
  const TalkerInfo holder = holder_of(value);
  const bool was_ours = std::exchange(lease.revision, std::nullopt).has_value();
  // The slot is free, the talker's own from another process, or held by one with less seniority.
  const bool takes_it =
      holder.id.empty() || holder.id == claimant.talker ||
      (!was_ours && lease.seniority && (!holder.seniority || *lease.seniority < *holder.seniority));
  if (takes_it) {
    lease.revision = revision;
    return ask(claimant, lease);
  }
  if (!was_ours && ++lease.slot < options_.slots) return ask(claimant, lease);
  forget(found);
  release_slot_(claimant);
}

void Leases::unavailable(const Claimant& claimant, TimePoint now) {
  available_ = false;
  const auto found = leases_.find(claimant);
  if (found != leases_.end()) schedule(now + options_.retry, found->first, found->second);
}

}  // namespace onair::cluster
