// The talker's chat: applies the rules of ChatHost and sends the results to all members.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "session/chat_port.hpp"
#include "session/talk/chat_host.hpp"
#include "session/time.hpp"

namespace onair::session {

class TalkChat {
 public:
  ChatOutputs handle(const ChatEntered& entered);
  ChatOutputs handle(const ChatRemovalRequested& removal);
  ChatOutputs handle(const MutingRequested& muting);
  /// The viewer gets the last lines, and the state of the media, also where nothing is missing: it
  /// may know another one from before, of another connection or of our page before it was reloaded.
  /// Until then the server leads to it, where it did.
  ChatOutputs handle(const ChatOpened& opened);
  /// A message of a viewer, whatever way it came.
  ChatOutputs receive(const PeerId& from, const ChatMessage& message, TimePoint now);

  /// The server will lead to this viewer, who is on its way to the forwarder. It has to know by
  /// then whether a picture comes, since it waits for what comes.
  ChatOutputs announce_relay(const PeerId& viewer);
  /// From now on the server leads to this viewer, who gets the same.
  ChatOutputs open_relay(const PeerId& viewer);
  void close_relay(const PeerId& viewer) { port_.close_relay(viewer); }
  void close_relays() { port_.close_relays(); }
  /// True for a viewer of whom we hear, and who hears of us.
  bool reaches(const PeerId& viewer) const { return port_.reaches(viewer); }

  /// Sends all members, and those who come later, the state of the media if it has changed.
  ChatOutputs announce_media(const protocol::ChatMedia& media);

  /// Drops a channel, because it or its connection has closed.
  void close(const ConnectionKey& channel) { port_.close(channel); }
  /// Forgets a viewer who has left the room.
  void forget(const PeerId& viewer) {
    host_.forget(viewer);
    port_.close_relay(viewer);
  }
  template <typename Keep>
  void forget_all_but(Keep keep) {
    host_.forget_all_but(keep);
    port_.close_relays_but(keep);
  }
  /// Number of viewers of whom something is remembered.
  std::size_t viewers() const { return host_.viewers(); }

  /// The viewer has this name by its entry token.
  void set_name(const PeerId& viewer, std::string_view name) { host_.set_name(viewer, name); }
  std::string name_of(const PeerId& viewer) const { return host_.name_of(viewer); }
  bool is_muted(const PeerId& viewer) const { return host_.is_muted(viewer); }

 private:
  ChatOutputs broadcast(const ChatLine& line, const PeerId& author = {},
                        std::optional<protocol::SayId> said = {}) const;

  ChatHost host_;
  ChatPort port_;
  protocol::ChatMedia media_;
};

}  // namespace onair::session
