// Finds the peer that a packet is of: by the ufrag of a STUN message, and otherwise by its path.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sfu/base/address.hpp"

namespace onair::sfu {

class Peer;

/// A peer has few of each: ice_lite.hpp bounds its paths, and a restart adds one ufrag.
class PeerDirectory {
 public:
  void add(std::string ufrag, Peer& peer) {
    keys_[&peer].ufrags.push_back(ufrag);
    by_ufrag_.insert_or_assign(std::move(ufrag), &peer);
  }
  /// The path is this peer's now, whoever had it before: NATs give addresses to others.
  void add(const Path& path, Peer& peer) {
    Peer*& owner = by_path_[path];
    if (owner == &peer) return;
    if (owner != nullptr) std::erase(keys_[owner].paths, path);
    owner = &peer;
    if (path.connection != 0) by_connection_.insert_or_assign(path.connection, path);
    keys_[&peer].paths.push_back(path);
  }

  void remove(const std::string& ufrag, Peer& peer) {
    std::erase(keys_[&peer].ufrags, ufrag);
    by_ufrag_.erase(ufrag);
  }
  /// Unless it is another peer's by now.
  void remove(const Path& path, Peer& peer) {
    const auto found = by_path_.find(path);
    if (found == by_path_.end() || found->second != &peer) return;
    by_path_.erase(found);
    by_connection_.erase(path.connection);
    std::erase(keys_[&peer].paths, path);
  }
  /// Everything of this peer's.
  void remove(Peer& peer) {
    const Keys keys = std::move(keys_[&peer]);
    keys_.erase(&peer);
    for (const std::string& ufrag : keys.ufrags) by_ufrag_.erase(ufrag);
    for (const Path& path : keys.paths) {
      by_path_.erase(path);
      by_connection_.erase(path.connection);
    }
  }

  Peer* find(std::string_view ufrag) const {
    const auto found = by_ufrag_.find(ufrag);
    return found == by_ufrag_.end() ? nullptr : found->second;
  }
  Peer* find(const Path& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : found->second;
  }
  /// The path over this TCP connection; nothing where no peer has proven it.
  std::optional<Path> path_over(std::uint32_t connection) const {
    const auto found = by_connection_.find(connection);
    if (found == by_connection_.end()) return std::nullopt;
    return found->second;
  }

  bool empty() const {
    return by_ufrag_.empty() && by_path_.empty() && by_connection_.empty() && keys_.empty();
  }

 private:
  struct Keys {
    std::vector<std::string> ufrags;
    std::vector<Path> paths;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::unordered_map<std::string, Peer*, TextHash, std::equal_to<>> by_ufrag_;
  std::unordered_map<Path, Peer*, PathHash> by_path_;
  std::unordered_map<std::uint32_t, Path> by_connection_;  ///< of those over TCP
  std::unordered_map<const Peer*, Keys> keys_;
};

}  // namespace onair::sfu
