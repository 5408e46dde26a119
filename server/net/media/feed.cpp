#include "net/media/feed.hpp"

#include <algorithm>

#include "net/media/media.hpp"
#include "protocol/times.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using std::chrono::seconds;

constexpr seconds kOfferTimeout{10};
constexpr std::chrono::milliseconds kRetry{500};
constexpr seconds kRetryDeclined{5};

/// How long a page that asks for it may take until its packets come.
constexpr seconds kStart{10};

/// A player that reloads finds the broadcast still here.
constexpr seconds kLinger{5};

/// Between two messages about the number of players.
constexpr seconds kAnnouncePause{1};

}  // namespace

Feed::Feed(Media& media, std::string room)
    : MediaLink(media, rooms::kForwarder, protocol::Role::watch, media::Note::Kind::feed,
                {.room = std::move(room), .pass = {}}),
      viewings_(*this),
      retry_(worker().context()),
      linger_(worker().context()),
      announcement_(worker().context()),
      invitation_(worker().context()) {}

void Feed::take_back(const control::PeerInfo& peer, const media::Note& note) {
  stage_ = Stage::ready;
  if (peer.media) packets_ = Packets::come;
  if (peer.connected && !peer.media) packets_ = Packets::stopped;
  watched_ = note.other;
  MediaLink::take_back(peer, note);
  linger(kLinger);  // unless players or pages are taken back too
}

void Feed::hand_over_to(Feed& other) {
  for (MediaLink* player : std::exchange(players_, {})) other.add(*player);
  for (auto& [player, ready] : std::exchange(waiting_, {})) {
    other.when_ready(*player, std::move(ready));
  }
  for (const protocol::PeerId& talker : std::exchange(holders_, {})) {
    other.hold(talker, note_.address);
  }
  end();
}

void Feed::add(MediaLink& player) {
  players_.insert(&player);
  announce_players();
}

void Feed::remove(MediaLink& player) {
  players_.erase(&player);
  std::erase_if(waiting_, [&player](const auto& waits) { return waits.first == &player; });
  announce_players();
  if (players_.empty()) linger(kLinger);
  const bool was_encoder = player.note().kind == media::Note::Kind::whip;
  if (!was_encoder || stage_ != Stage::idle || is_elsewhere_) return;
  later<Feed>([](Feed& self) {
    if (self.stage_ == Stage::idle) self.follow_another();
  });
}

void Feed::hold(const protocol::PeerId& talker, const std::string& counted_at) {
  if (holders_.insert(talker).second) await_packets();
  if (note_.address.empty()) note_.address = counted_at;
  if (!is_in()) return;                            // see entered()
  if (is_held() && talker != note_.other) return;  // the forwarder has one publication a room
  if (talker != note_.other || stage_ == Stage::idle) return follow(talker);
  may_be_anew_ = true;  // it says so again where it gets nothing
  renew_if_dead();
}

/// A broadcaster that begins, or begins anew, is not silent at once.
void Feed::await_packets() {
  may_start_until_ = std::chrono::steady_clock::now() + kStart;
}

bool Feed::is_silent() const {
  const bool come = !peer().empty() && packets_ == Packets::come;
  return !come && std::chrono::steady_clock::now() >= may_start_until_;
}

void Feed::release(const protocol::PeerId& talker) {
  if (holders_.erase(talker) == 0) return;
  if (holders_.empty()) note_.address.clear();
  if (talker == watched_) end_viewings();
  if (!is_needed()) return end();
  if (talker == note_.other && !holders_.empty()) follow_another();
}

/// Announces how many players the forwarder watches for: soon, and a rush of them at once.
void Feed::announce_players() {
  if (is_in() && !is_pausing_ && !media().is_draining()) send_players();
}

void Feed::send_players() {
  if (note_.other.empty() || announced_players_ == players_.size()) return;
  announced_players_ = players_.size();
  send_message(protocol::Players{static_cast<std::uint32_t>(players_.size())}, note_.other);
  is_pausing_ = true;
  wait<Feed>(announcement_, kAnnouncePause, [](Feed& self) {
    self.is_pausing_ = false;
    self.send_players();
  });
}

/// Stays for so long at least, whoever needs it.
void Feed::linger(rooms::Duration duration) {
  if (linger_.expiry() >= Timer::clock_type::now() + duration) return;
  wait<Feed>(linger_, duration, [](Feed& self) { self.end_what_nobody_needs(); });
}

void Feed::end_what_nobody_needs() {
  if (holders_.empty()) end_viewings();
  if (!is_needed()) end();
}

void Feed::when_ready(MediaLink& player, Ready ready) {
  add(player);
  waiting_.emplace_back(&player, std::move(ready));
  if (!is_ready() && !is_elsewhere_) return;
  later<Feed>([](Feed& self) {
    if (self.is_ready()) return self.notify_waiting(Outcome::ready);
    self.notify_waiting(self.is_elsewhere_ ? Outcome::elsewhere : Outcome::unavailable);
  });
}

void Feed::entered(const protocol::Welcome& welcome) {
  on_air_.insert(welcome.talkers.begin(), welcome.talkers.end());
  viewings_.close_removed();
  if (!media().serves_pages()) end_viewings();  // the operator has forbidden it since
  const bool is_taken_back = stage_ == Stage::ready;
  if (is_taken_back && (holders_.empty() || is_held())) return announce_players();
  if (!holders_.empty()) follow(protocol::PeerId(*holders_.begin()));
  for (const protocol::PeerId& talker : welcome.talkers) watch(talker);
  if (stage_ == Stage::idle && note_.other.empty()) notify_waiting(Outcome::unavailable);
}

void Feed::refused(const protocol::Error&) {
  viewings_.close_all();
  close_peer();
  notify_waiting(Outcome::unavailable);
}

void Feed::received(const protocol::Message& message) {
  if (const auto* gone = std::get_if<protocol::UserDisconnected>(&message.body)) {
    invited_.erase(gone->id);
    unproven_.erase(gone->id);
    viewings_.left(gone->id);
    lose_talker(gone->id, /*may_be_reloading=*/true);
    return end_if_deserted();
  }
  if (const auto* error = std::get_if<protocol::Error>(&message.body)) {
    // After another error, such as `rate_limited`, it asks again. This one may be about whom it
    // asked before, and comes for each message: so the second time counts.
    if (error->code != name_of(protocol::ErrorCode::no_such_peer) || stage_ != Stage::asking)
      return;
    if (had_no_such_peer_) return lose_talker(protocol::PeerId(note_.other));
    had_no_such_peer_ = true;
    stage_ = Stage::idle;
    return ask_again_after(kRetry);
  }
  if (message.from) received_from(*message.from, message);
}

void Feed::received_from(const protocol::PeerId& from, const protocol::Message& message) {
  if (std::holds_alternative<protocol::TalkReady>(message.body)) return watch(from);
  if (std::holds_alternative<protocol::EndTalk>(message.body)) return lose_talker(from);
  if (from != note_.other) return on_viewer(from, message);
  if (const auto* decline = std::get_if<protocol::TalkDeclined>(&message.body)) {
    return declined(decline->reason);
  }
  if (const auto* offer = std::get_if<protocol::Offer>(&message.body)) return on_offer(*offer);
  const auto* const invite = std::get_if<protocol::InviteWatchers>(&message.body);
  if (invite != nullptr) on_invite(*invite);
}

void Feed::declined(protocol::DeclineReason reason) {
  if (stage_ != Stage::asking) return;
  stage_ = Stage::idle;
  end_viewings();
  const bool is_full = reason == protocol::DeclineReason::full;
  notify_waiting(is_full ? Outcome::full : Outcome::unavailable);
  ask_again_after(kRetryDeclined);
}

/// True for a talker that it may follow: one that holds it, if any does. While pages wait for one
/// that reloads, none but that one, unless players need another.
bool Feed::wants(const protocol::PeerId& talker) const {
  if (!holders_.empty()) return holders_.contains(talker);
  return !players_.empty() || viewings_.empty() || talker == watched_;
}

void Feed::watch(const protocol::PeerId& talker) {
  on_air_.insert(talker);
  if (media().has_encoder(room())) return;  // the forwarder has its picture already
  if (stage_ != Stage::idle && talker == note_.other) {
    announced_players_.reset();  // it was away, and may not have heard
    announce_players();
    may_be_anew_ = true;
    return renew_if_dead();
  }
  if (!wants(talker)) return;
  if (stage_ != Stage::idle && (packets_ != Packets::stopped || is_held()))
    return;  // one of several talkers
  follow(talker);
}

/// Pages that have another talker's picture may not get this one's in its place.
void Feed::follow(const protocol::PeerId& talker) {
  if (media().has_encoder(room())) return;  // the forwarder has its picture already
  if (talker != watched_) end_viewings();
  if (talker != note_.other && !peer().empty()) send_message(protocol::Bye{}, note_.other);
  close_peer();
  note_.other = talker;
  watched_ = talker;
  is_elsewhere_ = false;
  await_packets();
  request();
}

/// A page that crashed and is back sends talk_ready again, and so does one that has only
/// reconnected to the server. The first one's connection is dead: nothing comes by it.
void Feed::renew_if_dead() {
  if (stage_ != Stage::ready || !may_be_anew_ || packets_ != Packets::stopped) return;
  close_peer();
  request();
}

void Feed::request() {
  if (media().has_encoder(room())) return;  // the forwarder has its picture already
  stage_ = media().forwarder().is_here() ? Stage::asking : Stage::idle;
  if (stage_ == Stage::idle) return;  // until on_forwarder_connected()
  announced_players_.reset();         // its page may have been loaded anew
  send_players();
  send_message(protocol::TalkRequest{}, note_.other);
  wait<Feed>(retry_, kOfferTimeout, [](Feed& self) {
    if (self.stage_ == Stage::asking) self.request();
  });
}

void Feed::on_offer(const protocol::Offer& offer) {
  if (stage_ == Stage::publishing) return;
  if (stage_ == Stage::ready) {
    // A connection of the forwarder's takes one offer. The talker makes another one.
    close_peer();
    send_message(protocol::Bye{}, note_.other);
    return request();
  }
  if (!media().forwarder().is_here() || media().has_encoder(room())) {
    stage_ = Stage::idle;
    return send_message(protocol::Bye{}, note_.other);
  }
  packets_ = Packets::none_yet;
  had_no_such_peer_ = false;
  may_be_anew_ = false;
  retry_.cancel();
  if (media::is_ice_lite(offer.sdp)) {
    // Made by another process's forwarder. Neither would send the checks that connect the two.
    stage_ = Stage::idle;
    is_elsewhere_ = true;
    send_message(protocol::Bye{}, note_.other);
    return notify_waiting(Outcome::elsewhere);
  }
  stage_ = Stage::publishing;
  note_.connection = offer.connection;
  use_new_peer();
  media().forwarder().request(
      control::Publish{room(), peer(), offer.sdp, text_of(note_)},
      guarded<Feed>([talker = note_.other, peer = peer()](Feed& self, const auto& result) {
        self.published(talker, peer, result);
      }));
}

void Feed::published(const protocol::PeerId& talker, const std::string& peer,
                     const ForwarderClient::Result& result) {
  if (peer != this->peer()) return;  // closed meanwhile
  const auto* answer = result ? std::get_if<control::Description>(&*result) : nullptr;
  if (answer == nullptr) {
    close_peer();
    stage_ = Stage::idle;
    send_message(protocol::Bye{}, talker);
    if (!media().forwarder().is_here())
      return;  // until on_forwarder_connected(). Players wait for it too
    end_viewings();
    notify_waiting(Outcome::unavailable);
    return ask_again_after(kRetryDeclined);
  }
  stage_ = Stage::ready;
  send_message(protocol::Answer{answer->sdp, note_.connection}, talker);
  notify_waiting(Outcome::ready);
}

void Feed::ask_again_after(rooms::Duration pause) {
  wait<Feed>(retry_, pause, [](Feed& self) {
    if (self.stage_ == Stage::idle && !self.note_.other.empty()) self.request();
  });
}

/// A talker has gone off air, or an encoder whose picture the forwarder had. Pages of one that has
/// left stay for some seconds: it may be loading its page anew, and then they get its picture back
/// by the connections that they have.
void Feed::lose_talker(const protocol::PeerId& talker, bool may_be_reloading) {
  const bool was_held = holders_.erase(talker) > 0;
  if (holders_.empty()) note_.address.clear();
  const bool was_on_air = on_air_.erase(talker) > 0;
  const bool was_followed = !note_.other.empty() && talker == note_.other;
  if (!was_held && !was_on_air && !was_followed) return;  // a viewer has left
  if (was_followed) stop_following();
  if (talker == watched_ && !may_be_reloading) end_viewings();
  if (stage_ == Stage::idle) follow_another();
  if (was_followed && note_.other.empty()) notify_waiting(Outcome::unavailable);
  if (was_held && holders_.empty())
    linger(may_be_reloading ? protocol::kTalkerReturnTimeout : kLinger);
}

/// A room in which nobody is but the forwarder takes memory for nothing: it waits for a talker that
/// reloads only where somebody watches.
void Feed::end_if_deserted() {
  const bool has_followed = !watched_.empty() && note_.other.empty();
  if (has_followed && !is_needed() && viewings_.empty()) end();
}

void Feed::stop_following() {
  close_peer();
  close_unproven();
  note_.other.clear();
  stage_ = Stage::idle;
  is_elsewhere_ = false;
  had_no_such_peer_ = false;
  packets_ = Packets::none_yet;
  retry_.cancel();
  invited_ = {};
}

void Feed::follow_another() {
  if (media().has_encoder(room())) return;
  if (!holders_.empty() && !is_held()) return follow(protocol::PeerId(*holders_.begin()));
  if (is_held() || on_air_.contains(note_.other)) return request();
  const auto next = std::find_if(on_air_.begin(), on_air_.end(),
                                 [this](const protocol::PeerId& talker) { return wants(talker); });
  if (next != on_air_.end()) watch(protocol::PeerId(*next));
}

void Feed::on_forwarder_event(const control::Event& event) {
  const auto peer_of = [](const auto& of) -> const std::string& { return of.peer; };
  if (std::visit(peer_of, event) != peer()) return viewings_.on_event(event);
  if (const auto* change = std::get_if<control::MediaChange>(&event)) {
    packets_ = change->on ? Packets::come : Packets::stopped;
    return renew_if_dead();
  }
  const auto* gone = std::get_if<control::Gone>(&event);
  if (gone == nullptr) return;
  forget_peer();
  stage_ = Stage::idle;
  if (gone->reason != control::GoneReason::replaced) return ask_again_after(kRetry);
  send_message(protocol::Bye{}, note_.other);  // or it offers anew, over the encoder's picture
  end_viewings();  // they would get the encoder's picture as this talker's
}

void Feed::on_forwarder_died() {
  // First the talker, who is asked by each of its viewers then.
  if (!peer().empty()) send_message(protocol::Bye{}, note_.other);
  end_viewings();
  forget_peer();
  if (stage_ != Stage::asking) stage_ = Stage::idle;
}

void Feed::on_forwarder_connected() {
  if (stage_ != Stage::idle || note_.other.empty()) return;
  await_packets();
  request();
}

void Feed::notify_waiting(Outcome outcome) {
  for (const auto& [player, tell] : std::exchange(waiting_, {})) tell(outcome);
}

/// Whoever removes the forwarder from a room means those whom it watches for.
void Feed::remove_players() {
  for (MediaLink* player : std::set(players_)) player->deleted();
}

void Feed::closed(protocol::CloseCode code) {
  if (code == protocol::CloseCode::service_restart) return leave(rooms::Hub::Leaving::perhaps);
  notify_waiting(Outcome::unavailable);
  if (code == protocol::CloseCode::removed) remove_players();
  viewings_.close_all();
  close_peer();
  leave(rooms::Hub::Leaving::for_good);
}

void Feed::end() {
  if (!note_.other.empty()) send_message(protocol::Bye{}, note_.other);
  end_viewings();
  close_peer();
  leave(rooms::Hub::Leaving::for_good);
}

}  // namespace onair::net
