// A member of a room whose peer connection is with the forwarder: what encoders, players and the
// forwarder's own member have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "media/note.hpp"
#include "media/resource.hpp"
#include "net/loop/admission.hpp"
#include "net/loop/worker.hpp"
#include "net/media/answer.hpp"
#include "rooms/pass.hpp"
#include "rooms/resume_tokens.hpp"

namespace onair::net {

class Media;
class Viewings;

/// How somebody gets into the room.
struct MediaEntry {
  std::string room;
  rooms::Pass pass = {};                             ///< the doorkeeper's answer
  std::optional<rooms::Resumption> resumption = {};  ///< the member that it replaces
  Admission::Client slots = {};                      ///< what the client takes at its address
  std::optional<std::string> counted_as = {};        ///< that address
};

/// Lives on the worker of Media, which holds it until leave(). What the hub sends is handled when
/// the hub's call has returned.
class MediaLink : public ClientLink, public std::enable_shared_from_this<MediaLink> {
 public:
  MediaLink(Media& media, rooms::MemberKind kind, protocol::Role role, media::Note::Kind note_kind,
            MediaEntry entry);

  /// Asks to be let in; entered() or refused() follows.
  void enter();
  /// The same for a member from before this server began.
  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);

  const std::string& room() const { return entry_.room; }
  const protocol::PeerId& id() const { return note_.member; }
  const media::Note& note() const { return note_; }
  /// Its own peer connection; empty while there is none.
  const std::string& peer() const { return peer_; }

  /// True for what may have a publication of its own, and counts as such at its address.
  bool publishes() const {
    return note_.kind == media::Note::Kind::whip || note_.kind == media::Note::Kind::feed;
  }
  /// True where it gives way to another publication of its address: nothing comes from it.
  virtual bool is_silent() const { return false; }

  /// The client has ended its session by DELETE, or another takes its place.
  virtual void deleted() = 0;
  /// An event of one of its peer connections.
  virtual void on_forwarder_event(const sfu::control::Event& event) = 0;
  /// All that the forwarder had is lost. What it was asked has failed before.
  virtual void on_forwarder_died() = 0;
  /// A PATCH, judged.
  void patch(media::Patch kind, const std::string& fragment, const MediaReply& reply);
  media::IceSession ice_session() const { return {note_.etag, note_.ufrag}; }

  void send(const rooms::Frame& frame) final;
  void close(protocol::CloseCode code) final;
  rooms::SendQueue queue() const final { return {0, worker_.limits().send_queue_bytes}; }
  void break_ownership_cycle() final {}
  bool is_media() const final { return true; }

 protected:
  ~MediaLink() = default;

  virtual void entered(const protocol::Welcome& welcome) = 0;
  /// It is in no room, or in none any more, and leaves after this.
  virtual void refused(const protocol::Error& error) = 0;
  virtual void received(const protocol::Message& message) = 0;
  /// The hub has closed it. Ends its peer connections unless they go on elsewhere: after
  /// `service_restart` at the next server, after `replaced` in its successor's hands.
  virtual void closed(protocol::CloseCode code) = 0;
  /// False where nothing that the room says matters once it is in.
  virtual bool listens() const { return true; }

  Media& media() const { return media_; }
  Worker& worker() const { return worker_; }
  bool is_in() const { return is_in_; }
  const std::vector<protocol::IceServer>& ice_servers() const { return ice_servers_; }

  /// Sends a message to a peer, or to the room.
  void send_message(protocol::Body body, std::optional<protocol::PeerId> to = {});
  /// Gives it a peer connection of its own, under a new id.
  void use_new_peer();
  /// Closes its own peer connection at the forwarder, if it has one.
  void close_peer();
  /// Forgets its peer connection, which is gone.
  void forget_peer();
  void make_resource(const std::string& offer);
  /// The answer 201 to its client.
  MediaAnswer created(media::Standard standard, const std::string& answer) const;

  /// Out of the room and of Media, which may destroy it.
  void leave(rooms::Hub::Leaving leaving);

  /// Calls `function` with it as `Self` when the present call has returned, if it is here still.
  template <typename Self, typename Function>
  void later(Function function) {
    worker_.tick().later([weak = weak_from_this(), function = std::move(function)] {
      const auto self = weak.lock();
      if (self && !self->left_) function(static_cast<Self&>(*self));
    });
  }
  /// A callback of the forwarder's or of a timer, which does nothing once this has left.
  template <typename Self, typename Function>
  auto guarded(Function function) {
    return [weak = weak_from_this(), function = std::move(function)](const auto&... arguments) {
      const auto self = weak.lock();
      if (self && !self->left_) function(static_cast<Self&>(*self), arguments...);
    };
  }
  /// Sets the timer; `function` is called with it as `Self` when it is due.
  template <typename Self, typename Function>
  void wait(Timer& timer, rooms::Duration duration, Function function) {
    timer.expires_after(duration);
    timer.async_wait([weak = weak_from_this(), function = std::move(function)](error_code error) {
      const auto self = weak.lock();
      if (error || !self || self->left_) return;
      self->worker_.tick().run([&] { function(static_cast<Self&>(*self)); });
    });
  }

  media::Note note_;

 private:
  friend Viewings;  // sends on behalf of its member

  void take(const rooms::SharedFrame& frame);
  void take_welcome(const protocol::Welcome& welcome);

  Media& media_;
  Worker& worker_;
  const rooms::MemberKind kind_;
  const protocol::Role role_;
  MediaEntry entry_;
  std::string peer_;
  std::vector<protocol::IceServer> ice_servers_;
  bool is_in_ = false;
  bool left_ = false;
};

}  // namespace onair::net
