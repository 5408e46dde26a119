// Counts what each sender has in a queue, so that the one with the most gives way.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace onair::cluster {

/// In any unit.
class Usage {
 public:
  void add(const std::string& who, std::size_t cost) { change(who, of(who) + cost); }
  /// At most what was added.
  void remove(const std::string& who, std::size_t cost) { change(who, of(who) - cost); }

  std::size_t total() const { return total_; }
  /// The key with the highest cost. The table must not be empty.
  const std::string& heaviest() const { return by_cost_.rbegin()->second; }

 private:
  std::size_t of(const std::string& who) const {
    const auto found = by_who_.find(who);
    return found == by_who_.end() ? 0 : found->second;
  }
  void change(const std::string& who, std::size_t cost) {
    const std::size_t before = of(who);
    total_ += cost - before;  // modulo 2^64 where it is less
    by_cost_.erase({before, who});
    if (cost == 0) {
      by_who_.erase(who);
    } else {
      by_who_[who] = cost;
      by_cost_.emplace(cost, who);
    }
  }

  std::map<std::string, std::size_t> by_who_;
  std::set<std::pair<std::size_t, std::string>> by_cost_;
  std::size_t total_ = 0;
};

}  // namespace onair::cluster
