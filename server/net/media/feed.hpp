// The forwarder as a member of a room. It requests a browser's broadcast once, and serves it to
// many:
//  - to WHEP players, whose number it tells the broadcaster;
//  - to pages that the broadcaster sends here. Such a broadcaster holds it: it stays in the room
//    until it is released.
// While an encoder publishes in the room, the forwarder has that picture already: this only notes
// who else is on air.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/schedule.hpp"
#include "net/media/media_link.hpp"
#include "net/media/viewings.hpp"

namespace onair::net {

class Feed final : public MediaLink {
 public:
  enum class Outcome {
    /// The broadcast is at the forwarder.
    ready,
    /// The broadcaster declines, since it can't send to one more.
    full,
    /// The broadcast can't be had for now: nobody is on air, the broadcaster declines for another
    /// reason, the forwarder refuses its offer, or this member is out of the room.
    unavailable,
    /// It comes from an encoder of another process, whose forwarder we can't reach.
    elsewhere,
  };
  using Ready = std::function<void(Outcome)>;

  Feed(Media& media, std::string room);

  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);
  /// A page watches it since before this server began.
  void take_back_viewer(const sfu::control::PeerInfo& peer, const media::Note& note);
  /// Ends. Another one of the room, with whom the forwarder has the broadcast, has its players and
  /// holders from now on.
  void hand_over_to(Feed& other);

  /// The talker needs it for pages: it stays, and follows this talker unless another one has it. It
  /// counts at the address of the first that holds it.
  void hold(const protocol::PeerId& talker, const std::string& counted_at);
  /// The talker needs it no more.
  void release(const protocol::PeerId& talker);

  /// It stays while there are players, and some seconds after the last one.
  void add(MediaLink& player);
  void remove(MediaLink& player);

  /// Adds the player, and calls `ready` when the broadcast is there or can't be had.
  void when_ready(MediaLink& player, Ready ready);

  bool is_ready() const { return stage_ == Stage::ready; }
  bool is_silent() const override;

  void deleted() override { end(); }
  void on_forwarder_event(const sfu::control::Event& event) override;
  void on_forwarder_died() override;
  /// Asks the broadcaster again, where that had to wait for the forwarder.
  void on_forwarder_connected();

 private:
  enum class Stage {
    idle,        ///< nobody to watch, not yet in the room, or the forwarder is away
    asking,      ///< waits for an offer
    publishing,  ///< waits for the forwarder
    ready,
  };
  enum class Packets { none_yet, come, stopped };

  void entered(const protocol::Welcome& welcome) override;
  void refused(const protocol::Error& error) override;
  void received(const protocol::Message& message) override;
  void closed(protocol::CloseCode code) override;

  void watch(const protocol::PeerId& talker);
  void follow(const protocol::PeerId& talker);
  bool wants(const protocol::PeerId& talker) const;
  bool is_needed() const { return !players_.empty() || !holders_.empty(); }
  /// True where it follows a talker that holds it.
  bool is_held() const { return holders_.contains(note_.other); }
  void received_from(const protocol::PeerId& from, const protocol::Message& message);
  void declined(protocol::DeclineReason reason);
  void renew_if_dead();
  void request();
  void on_offer(const protocol::Offer& offer);
  void published(const protocol::PeerId& talker, const std::string& peer,
                 const ForwarderClient::Result& result);
  void ask_again_after(rooms::Duration pause);
  void lose_talker(const protocol::PeerId& talker, bool may_be_reloading = false);
  void stop_following();
  void follow_another();
  void notify_waiting(Outcome outcome);
  void announce_players();
  void send_players();
  void remove_players();
  void linger(rooms::Duration duration);
  void end_what_nobody_needs();
  void end_if_deserted();
  void await_packets();
  void end();

  // feed_viewers.cpp
  void on_viewer(const protocol::PeerId& viewer, const protocol::Message& message);
  void on_request(const protocol::PeerId& viewer);
  void on_invite(const protocol::InviteWatchers& invite);
  void await_those_invited();
  void offer_to_invited(const protocol::PeerId& viewer);
  void end_viewings();
  void close_unproven();

  Stage stage_ = Stage::idle;
  std::set<protocol::PeerId> on_air_;  ///< talkers
  /// The server has answered a `talk_request` by `no_such_peer`. That may be about an earlier
  /// talker, so the request is repeated once; a second such error means that the talker is gone.
  bool had_no_such_peer_ = false;
  Packets packets_ = Packets::none_yet;    ///< the broadcaster's, by the connection it had last
  rooms::TimePoint may_start_until_ = {};  ///< by when they have to come, see is_silent
  /// The talker has sent `talk_ready` or `use_forwarder` since its offer. Its page may have been
  /// loaded anew: if it is silent too, its connection is dead, and is renewed.
  bool may_be_anew_ = false;
  /// The talker that this follows is an encoder of another process.
  bool is_elsewhere_ = false;
  std::set<MediaLink*> players_;
  std::optional<std::size_t> announced_players_;  ///< what the broadcaster knows
  bool is_pausing_ = false;
  std::set<protocol::PeerId> holders_;  ///< talkers that need it for pages
  protocol::PeerId watched_;            ///< whose picture the pages have: whom it followed last
  Viewings viewings_;
  /// Pages that the talker has sent here and that have not asked yet, by when they get an offer all
  /// the same. At most kMostInvited.
  base::Schedule<protocol::PeerId> invited_;
  /// Pages that got an offer without having asked, by when it is taken back where they don't answer
  /// it. A talker may invite ids that nobody has; only an answer proves a member. At most
  /// kMostUnproven.
  base::Schedule<protocol::PeerId> unproven_;
  std::vector<std::pair<MediaLink*, Ready>> waiting_;
  Timer retry_;
  Timer linger_;
  Timer announcement_;
  Timer invitation_;
};

}  // namespace onair::net
