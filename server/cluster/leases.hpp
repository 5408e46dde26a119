// The client of the store that leases talk slots of rooms that several processes serve: each talker
// needs a lease on one of the room's slots, from a store that all processes share. A lease that is
// not renewed expires, as when its process died; a process that was only cut off finds another's
// lease in its slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/schedule.hpp"
#include "rooms/talk_policy.hpp"
#include "rooms/timeouts.hpp"

namespace onair::cluster {

using rooms::Duration;
using rooms::TimePoint;

/// Lifetime of a lease that is not renewed. The store is configured with the same.
using rooms::kLeaseLifetime;

/// The talker for whom something is asked of the store.
struct Claimant {
  std::string room;
  protocol::PeerId talker;
  bool operator<(const Claimant& other) const {
    return std::tie(room, talker) < std::tie(other.room, other.talker);
  }
};

/// The store: values by key, each with a revision, which expire.
class LeaseStore {
 public:
  /// Sets a key that is not there. One of LeaseMember's answers follows, as to `update`.
  virtual void create(const Claimant& claimant, const std::string& key,
                      const std::string& value) = 0;
  /// Sets a key that has this revision.
  virtual void update(const Claimant& claimant, const std::string& key, const std::string& value,
                      std::uint64_t revision) = 0;
  /// Empties a key that has this revision. No answer follows.
  virtual void release(const std::string& key, std::uint64_t revision) = 0;

 protected:
  ~LeaseStore() = default;
};

class LeaseMember {
 public:
  virtual void granted(const Claimant& claimant, std::uint64_t revision, TimePoint now) = 0;
  /// The key has another revision or was there already, with this value.
  virtual void refused(const Claimant& claimant, std::string_view value, std::uint64_t revision,
                       TimePoint now) = 0;
  /// The store is out of reach. Nothing is known.
  virtual void unavailable(const Claimant& claimant, TimePoint now) = 0;
  /// Too many others wait for the store: it was not asked.
  virtual void postponed(const Claimant& claimant, TimePoint now) = 0;

 protected:
  ~LeaseMember() = default;
};

/// The leases of one process.
class Leases final : public LeaseMember {
 public:
  struct Options {
    std::string process;
    std::size_t slots = 1;  ///< talkers of a room
    Duration renewal = rooms::kLeaseRenewal;
    Duration retry = rooms::kLeaseRetry;
  };

  /// `release_slot` is called for a talker who has no slot. `store` outlives this.
  Leases(Options options, LeaseStore& store, std::function<void(const Claimant&)> release_slot);

  /// The talkers of this process in the room.
  void set_talkers(const std::string& room, const std::vector<rooms::TalkerInfo>& talkers);

  /// True while the store answers.
  bool is_available() const { return available_; }

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return due_.next(); }

  /// True where whoever is due has a lease or wants one. For tests.
  bool is_consistent() const;

  void granted(const Claimant& claimant, std::uint64_t revision, TimePoint now) override;
  void refused(const Claimant& claimant, std::string_view value, std::uint64_t revision,
               TimePoint now) override;
  void unavailable(const Claimant& claimant, TimePoint now) override;
  void postponed(const Claimant& claimant, TimePoint now) override;

 private:
  struct Lease {
    rooms::Seniority seniority;
    std::size_t slot = 0;
    std::optional<std::uint64_t> revision = {};  ///< while it is ours
    bool has_left = false;  ///< its talker; it is released when the answer is there that is awaited
  };

  void ask(const Claimant& claimant, Lease& lease);
  void release(const Claimant& claimant, const Lease& lease);
  std::map<Claimant, Lease>::iterator forget(std::map<Claimant, Lease>::iterator lease);
  std::string value_of(const Claimant& claimant, const Lease& lease) const;

  Options options_;
  LeaseStore& store_;
  std::function<void(const Claimant&)> release_slot_;
  std::map<Claimant, Lease> leases_;
  base::Schedule<Claimant> due_;  ///< when to ask again, unless an answer is awaited
  bool available_ = true;
};

}  // namespace onair::cluster
