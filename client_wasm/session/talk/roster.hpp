// The viewers that the talker knows, whatever path leads to them, and the room's admission rules.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/message.hpp"

namespace onair::session {

using protocol::PeerId;

class Roster {
 public:
  /// Limit of removed viewers that are remembered.
  static constexpr std::size_t kMaxRemoved = 200;
  /// Limit of forwarders: each process of a cluster may have one in the room.
  static constexpr std::size_t kMaxForwarders = 256;

  struct Viewer {
    unsigned number;  ///< in order of arrival, from 1; kept until the viewer leaves the room
    bool watches = true;
  };

  /// A viewer watches, over any path; a new one gets the next number.
  void start_watching(const PeerId& viewer) {
    const auto [at, is_new] = viewers_.try_emplace(viewer, Viewer{last_number_ + 1});
    if (is_new) ++last_number_;
    at->second.watches = true;
  }
  void stop_watching(const PeerId& viewer) {
    if (const auto at = viewers_.find(viewer); at != viewers_.end()) at->second.watches = false;
  }
  /// The server's forwarder watches on behalf of so many players.
  void set_players(const PeerId& forwarder, std::uint32_t players) {
    if (players_.size() < kMaxForwarders || players_.contains(forwarder)) {
      players_[forwarder] = players;
    }
  }
  /// Empty for a viewer that is no forwarder.
  std::optional<std::uint32_t> players_of(const PeerId& viewer) const {
    const auto found = players_.find(viewer);
    return found == players_.end() ? std::nullopt : std::optional(found->second);
  }
  /// Forgets a viewer who has left the room, or all of them.
  void forget(const PeerId& viewer) {
    viewers_.erase(viewer);
    players_.erase(viewer);
  }
  void clear() {
    viewers_.clear();
    players_.clear();
  }
  template <typename Keep>
  void forget_all_but(Keep keep) {
    std::erase_if(viewers_, [&keep](const auto& entry) { return !keep(entry.first); });
    std::erase_if(players_, [&keep](const auto& entry) { return !keep(entry.first); });
  }

  bool contains(const PeerId& viewer) const { return viewers_.contains(viewer); }
  const std::map<PeerId, Viewer>& viewers() const { return viewers_; }

  /// Removes a viewer, and again after a restart of the server. Returns the message to send.
  protocol::RemovePeer remove(const PeerId& viewer) {
    if (removed_.size() < kMaxRemoved) removed_.push_back(viewer);
    return {viewer};
  }
  /// True for a viewer that was removed, and that a server which has lost that may let in again.
  bool is_removed(const PeerId& viewer) const {
    return std::find(removed_.begin(), removed_.end(), viewer) != removed_.end();
  }
  protocol::LockRoom lock(bool locked) { return {locked_ = locked}; }
  bool is_locked() const { return locked_; }

  /// The lock and the removals to send after a welcome, since a restarted server has lost them. The
  /// first welcome of a page sets the lock instead.
  std::vector<protocol::Body> restore(bool locked_at_server, bool is_first_welcome) {
    std::vector<protocol::Body> messages;
    if (is_first_welcome) locked_ = locked_at_server;
    if (locked_ != locked_at_server) messages.emplace_back(protocol::LockRoom{locked_});
    for (const PeerId& viewer : removed_) messages.emplace_back(protocol::RemovePeer{viewer});
    return messages;
  }

 private:
  bool locked_ = false;
  std::vector<PeerId> removed_;
  std::map<PeerId, Viewer> viewers_;
  std::map<PeerId, std::uint32_t> players_;  ///< by forwarder; known before it watches
  unsigned last_number_ = 0;
};

}  // namespace onair::session
