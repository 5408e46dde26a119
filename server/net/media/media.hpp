// WHIP and WHEP in this process: encoders and players as members of rooms, whose peer connections
// onair-forwarder has. All of it is on one worker's thread, whose hub has these members.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/resource.hpp"
#include "net/media/answer.hpp"
#include "net/media/feed.hpp"
#include "net/media/forwarder_client.hpp"
#include "net/media/whep_player.hpp"
#include "net/media/whip_talker.hpp"

namespace onair::net {

/// For an operator.
struct MediaReport {
  bool forwarder_is_here = false;
  std::size_t encoders = 0;
  std::size_t players = 0;
};

class Media final : private ForwarderHost {
 public:
  /// `grace` is how long a talker's slot is kept for an encoder whose connection broke.
  /// `serves_pages` is false where the operator lets no browser's broadcast move to the forwarder.
  /// `admission` counts the clients that are taken back; it, `draining` and the worker outlive
  /// this.
  Media(Worker& worker, const std::filesystem::path& forwarder_socket, rooms::Duration grace,
        bool serves_pages, Admission& admission, const std::atomic<bool>& draining);
  /// Only when the worker's io_context runs no more, and before the worker ends.
  ~Media();
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;

  /// Connects to the forwarder, and takes back whom an earlier server had there.
  void start() {
    worker_.await_forwarder(true);
    forwarder_.start();
  }

  /// Sets what is called for a forwarder that speaks another version of the protocol: `replace`
  /// gives false where it can do nothing. Before start().
  void on_mismatch(std::function<bool()> replace) { replace_ = std::move(replace); }

  /// The forwarder will end together with this server: pages to which it sends a browser's
  /// broadcast are told, and go to the talker.
  void end_viewings();

  /// Another server uses the forwarder, and this one waits until that has ended.
  bool forwarder_is_in_use() const { return is_in_use_; }

  Worker& worker() const { return worker_; }

  // The requests of WHIP and WHEP. On the worker's thread, within its tick:

  /// An encoder's offer. `key` is by what it is known when it reconnects: of an encoder from which
  /// nothing comes, one with the same key, or with an entry token, gets the slot.
  void publish(MediaEntry entry, std::string key, std::string offer, const MediaReply& reply);
  void play(MediaEntry entry, std::string offer, const MediaReply& reply);
  void patch(const media::Target& target, const std::string& if_match, const std::string& fragment,
             const MediaReply& reply);
  void remove(const media::Target& target, const MediaReply& reply);
  /// Replies 204 where there is such a session, and 404 otherwise.
  void look(const media::Target& target, const MediaReply& reply);

  MediaReport report() const;

  using ForwarderReport = std::optional<sfu::control::Report>;
  /// Asks the forwarder what it has carried; nothing where it is away. `reply` is called once, on
  /// this worker's thread.
  void ask_report(std::function<void(ForwarderReport)> reply);

  // For the members:
  ForwarderClient& forwarder() { return forwarder_; }
  rooms::Duration grace() const { return grace_; }
  bool serves_pages() const { return serves_pages_; }
  /// The server ends: members leave, and the next server takes them over.
  bool is_draining() const { return draining_; }
  /// Events of this peer connection are for the link from now on.
  void own_peer(const std::string& peer, MediaLink& link) { peers_[peer] = link.weak_from_this(); }
  void disown_peer(const std::string& peer) { peers_.erase(peer); }
  void own_resource(const std::string& resource, MediaLink& link) {
    resources_[resource] = link.weak_from_this();
  }
  /// It is the room's encoder from now on. Gives the one that was.
  std::shared_ptr<WhipTalker> set_talker(WhipTalker& talker);
  bool has_encoder(const std::string& room) const { return talkers_.contains(room); }
  /// True where the forwarder has something to play in this room.
  bool publishes(const std::string& room) const;
  /// The forwarder's member in the room, which enters where there is none yet.
  Feed& feed_of(const std::string& room);
  /// A talker needs the forwarder in its room, or needs it no more. One whose address has all the
  /// publications that it may have gets none: it asks again.
  void use_forwarder(const std::string& room, const protocol::PeerId& talker, bool on,
                     const std::string& address);
  /// Lets go of a link that has left its room.
  void forget(MediaLink& link);

 private:
  void on_forwarder_connected(const std::vector<sfu::control::PeerInfo>& peers) override;
  void on_forwarder_lost() override;
  void on_forwarder_died() override;
  void on_forwarder_event(const sfu::control::Event& event) override;
  void on_forwarder_mismatched() override;
  void on_forwarder_in_use() override;
  /// Where this address has as many publications as it may, of encoders and of pages that hold the
  /// forwarder, beside the one that the new one replaces: ends one from which nothing comes. False
  /// where it has as many and something comes from each.
  bool free_slot_for_publication(const std::string& address, const WhipTalker* replaced);
  void take_back(const std::vector<sfu::control::PeerInfo>& peers);
  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);
  void take_back_feed(const sfu::control::PeerInfo& peer, const media::Note& note);
  void take_back_viewer(const sfu::control::PeerInfo& peer, const media::Note& note);
  void end_those_without(const std::set<std::string>& living);
  std::shared_ptr<MediaLink> find(const media::Target& target) const;
  MediaAnswer no_such_resource() const;
  void remember_closed(const MediaLink& link, const sfu::control::Event& event);
  template <typename Link, typename... Arguments>
  std::shared_ptr<Link> create_link(Arguments&&... arguments);

  Worker& worker_;
  const rooms::Duration grace_;
  const bool serves_pages_;
  const std::atomic<bool>& draining_;
  std::map<const MediaLink*, std::shared_ptr<MediaLink>> links_;
  std::unordered_map<std::string, std::weak_ptr<MediaLink>>
      peers_;  ///< by the id of a peer connection
  std::unordered_map<std::string, std::weak_ptr<MediaLink>>
      resources_;  ///< by the id of a resource
  /// Paths of resources whose clients have closed the peer connection, the newest last. Most
  /// clients do that before their DELETE, which has not failed then. At most kMostClosed.
  std::deque<std::string> closed_;
  std::unordered_map<std::string, std::shared_ptr<WhipTalker>> talkers_;  ///< by room
  std::unordered_map<std::string, std::shared_ptr<Feed>> feeds_;          ///< by room
  ForwarderClient forwarder_;
  std::function<bool()> replace_ = [] { return false; };
  // And the log says so:
  bool is_mismatched_ = false;
  bool is_in_use_ = false;
  Timer timeout_;
  Admission& admission_;
};

}  // namespace onair::net
