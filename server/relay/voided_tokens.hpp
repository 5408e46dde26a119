// The resume tokens of those who were sent away.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/message.hpp"

namespace onair::relay {

/// Remembers whose tokens count no more. Of very many it forgets the oldest.
class VoidedTokens {
 public:
  static constexpr std::size_t kMost = 100'000;

  void add(const std::string& room, const protocol::PeerId& peer) {
    const auto [added, is_new] = voided_.emplace(room, peer);
    if (!is_new) return;
    in_order_.push_back(added);
    if (in_order_.size() <= kMost) return;
    voided_.erase(in_order_.front());
    in_order_.pop_front();
  }

  bool contains(const std::string& room, const protocol::PeerId& peer) const {
    return voided_.contains({room, peer});
  }

 private:
  using Entries = std::set<std::pair<std::string, protocol::PeerId>>;
  Entries voided_;
  std::deque<Entries::const_iterator> in_order_;
};

}  // namespace onair::relay
