// The connections of one session: at most one per peer, each with its own generation.
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
  struct Entry {
    Generation generation;
    Connection connection;
  };

  /// Generations count up from `first`. Successive pages with the same peer id should start at
  /// different numbers.
  explicit ConnectionTable(Generation first) : next_generation_(first) {}

  /// Adds a connection with `peer`, which must have none.
  ConnectionKey open(const PeerId& peer) {
    const Generation generation = next_generation_++;
    entries_.emplace(peer, Entry{generation, Connection{}});
    return {peer, generation};
  }

  /// Null if the connection is gone, even if there is a newer one with its peer.
  Connection* find(const ConnectionKey& key) {
    const auto found = entries_.find(key.peer);
    if (found == entries_.end() || found->second.generation != key.generation) return nullptr;
    return &found->second.connection;
  }

  std::optional<ConnectionKey> key_of(const PeerId& peer) const {
    const auto found = entries_.find(peer);
    if (found == entries_.end()) return std::nullopt;
    return ConnectionKey{peer, found->second.generation};
  }

  /// All keys, for a loop that may close connections.
  std::vector<ConnectionKey> keys() const {
    std::vector<ConnectionKey> result;
    for (const auto& [peer, entry] : entries_) result.push_back({peer, entry.generation});
    return result;
  }

  bool contains(const PeerId& peer) const { return entries_.contains(peer); }
  void erase(const PeerId& peer) { entries_.erase(peer); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  /// In the order of the peers' ids: pairs of PeerId and Entry.
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::map<PeerId, Entry> entries_;
  Generation next_generation_;
};

}  // namespace onair::session
