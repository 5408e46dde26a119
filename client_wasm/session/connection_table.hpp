// The connections of one session. A peer may have several at a time, so that a new one can replace
// an old one without a gap.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "session/peer_connection.hpp"

namespace onair::session {

/// `Connection` is a session's state of one connection; it is default-constructible.
template <typename Connection>
class ConnectionTable {
 public:
  /// Generations count up from `first`. Successive pages with the same peer id should start at
  /// different numbers.
  explicit ConnectionTable(Generation first) : next_generation_(first) {}

  /// Adds a connection with `peer`, beside those that it has.
  ConnectionKey open(const PeerId& peer) {
    ConnectionKey key{peer, next_generation_++};
    connections_.emplace(key, Connection{});
    return key;
  }

  /// Null if the connection is gone, even if there is a newer one with its peer.
  const Connection* find(const ConnectionKey& key) const {
    const auto found = connections_.find(key);
    return found == connections_.end() ? nullptr : &found->second;
  }
  Connection* find(const ConnectionKey& key) {
    return const_cast<Connection*>(std::as_const(*this).find(key));
  }

  std::optional<ConnectionKey> latest_with(const PeerId& peer) const {
    std::optional<ConnectionKey> latest;
    for (const ConnectionKey& key : keys_with(peer)) {
      if (!latest || is_later(key, *latest)) latest = key;
    }
    return latest;
  }

  /// All keys, for a loop that may close connections.
  std::vector<ConnectionKey> keys() const {
    std::vector<ConnectionKey> result;
    for (const auto& [key, connection] : connections_) result.push_back(key);
    return result;
  }

  std::vector<ConnectionKey> keys_with(const PeerId& peer) const {
    std::vector<ConnectionKey> result;
    for (auto at = connections_.lower_bound({peer, 0});
         at != connections_.end() && at->first.peer == peer; ++at) {
      result.push_back(at->first);
    }
    return result;
  }

  bool contains(const PeerId& peer) const { return latest_with(peer).has_value(); }
  void erase(const ConnectionKey& key) { connections_.erase(key); }
  std::size_t size() const { return connections_.size(); }
  bool empty() const { return connections_.empty(); }

  /// In the order of the keys: pairs of ConnectionKey and Connection.
  auto begin() const { return connections_.begin(); }
  auto end() const { return connections_.end(); }

 private:
  std::map<ConnectionKey, Connection> connections_;
  Generation next_generation_;
};

}  // namespace onair::session
