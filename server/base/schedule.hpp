// Deadlines of many things, in the order in which they are due.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace onair::base {

/// At most one deadline for each key. Both ways to look it up are in here alone, so that they can't
/// get out of step.
template <typename Key>
class Schedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Replaces an earlier deadline of the key, without allocating memory.
  void set(const Key& key, TimePoint at) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      by_key_.emplace(key, at);
      by_time_.emplace(at, key);
    } else if (found->second != at) {
      auto node = by_time_.extract({found->second, key});
      node.value().first = at;
      by_time_.insert(std::move(node));
      found->second = at;
    }
  }

  /// False where the key had none.
  bool erase(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return false;
    by_time_.erase({found->second, key});
    by_key_.erase(found);
    return true;
  }

  /// Takes the first key whose deadline has passed.
  std::optional<Key> take_due(TimePoint now) {
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    Key key = by_time_.begin()->second;
    erase(key);
    return key;
  }

  std::optional<TimePoint> next() const {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first;
  }
  bool contains(const Key& key) const { return by_key_.contains(key); }
  const std::map<Key, TimePoint>& all() const { return by_key_; }
  /// The first is due first.
  const std::set<std::pair<TimePoint, Key>>& in_order() const { return by_time_; }

 private:
  std::map<Key, TimePoint> by_key_;
  std::set<std::pair<TimePoint, Key>> by_time_;
};

}  // namespace onair::base
