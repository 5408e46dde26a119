#include "net/media/whep_player.hpp"

#include <utility>

#include "net/media/media.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using boost::beast::http::status;

/// How long a player waits until a browser's broadcast has come to the forwarder.
constexpr std::chrono::seconds kFeedTimeout{5};

/// Seconds after which a player asks again that came to another process than the encoder did.
constexpr unsigned kRetryElsewhere = 10;

/// Seconds after which a player asks again whom the broadcaster could not serve.
constexpr unsigned kRetryAfter = 2;

MediaAnswer has_ended() {
  return problem(status::service_unavailable, "ended", "The session has ended.", 1);
}

}  // namespace

WhepPlayer::WhepPlayer(Media& media, MediaEntry entry)
    : MediaLink(media, rooms::kWhepPlayer, protocol::Role::watch, media::Note::Kind::whep,
                std::move(entry)),
      timeout_(worker().context()) {}

void WhepPlayer::play(std::string offer, MediaReply reply) {
  offer_ = std::move(offer);
  reply_ = std::move(reply);
  enter();
}

void WhepPlayer::take_back(const control::PeerInfo& peer, const media::Note& note) {
  media().own_resource(note.resource, *this);
  MediaLink::take_back(peer, note);
}

void WhepPlayer::entered(const protocol::Welcome& welcome) {
  if (!reply_) return media().feed_of(room()).add(*this);  // taken back
  if (media().publishes(room())) return ask_forwarder();
  if (welcome.talkers.empty()) return give_up(not_on_air());
  media().feed_of(room()).when_ready(
      *this, guarded<WhepPlayer>(
                 [](WhepPlayer& self, Feed::Outcome outcome) { self.broadcast_came(outcome); }));
  wait<WhepPlayer>(timeout_, kFeedTimeout, [](WhepPlayer& self) {
    if (self.peer().empty()) {
      self.give_up(problem(status::service_unavailable, "no_answer",
                           "The broadcaster does not answer.", kRetryAfter));
    }
  });
}

void WhepPlayer::broadcast_came(Feed::Outcome outcome) {
  switch (outcome) {
    case Feed::Outcome::ready:
      if (!offer_.empty()) ask_forwarder();
      return;
    case Feed::Outcome::full:
      return give_up(problem(status::service_unavailable, "broadcaster_full",
                             "The broadcaster can't send to one more just now.", kRetryAfter));
    case Feed::Outcome::unavailable:
      return give_up(problem(status::service_unavailable, "broadcaster_full",
                             "The broadcast is not available now. Try again.", kRetryAfter));
    case Feed::Outcome::elsewhere:
      return give_up(problem(status::service_unavailable, "encoder_elsewhere",
                             "The encoder of this room is connected to another process of this "
                             "cluster, where its players have to ask.",
                             kRetryElsewhere));
  }
}

void WhepPlayer::ask_forwarder() {
  make_resource(offer_);
  use_new_peer();
  media().forwarder().request(
      control::Play{room(), peer(), std::exchange(offer_, {}), text_of(note_)},
      guarded<WhepPlayer>([](WhepPlayer& self, const auto& result) { self.played(result); }));
}

void WhepPlayer::played(const ForwarderClient::Result& result) {
  const auto* answer = result ? std::get_if<control::Description>(&*result) : nullptr;
  if (answer == nullptr) return give_up(problem_of(result));
  media().feed_of(room()).add(*this);
  std::exchange(reply_, nullptr)(created(media::Standard::whep, answer->sdp));
}

void WhepPlayer::give_up(MediaAnswer why) {
  if (reply_) std::exchange(reply_, nullptr)(std::move(why));
  close_peer();
  leave(rooms::Hub::Leaving::for_good);
}

void WhepPlayer::refused(const protocol::Error& error) {
  if (reply_) return std::exchange(reply_, nullptr)(problem_of(error.code, error.message));
  close_peer();
}

void WhepPlayer::on_forwarder_event(const control::Event& event) {
  if (!std::holds_alternative<control::Gone>(event)) return;
  forget_peer();
  leave(rooms::Hub::Leaving::for_good);
}

void WhepPlayer::on_forwarder_died() {
  if (reply_) return;  // it waits for a broadcast, which comes to the next forwarder
  forget_peer();
  leave(rooms::Hub::Leaving::for_good);
}

void WhepPlayer::deleted() {
  give_up(has_ended());
}

void WhepPlayer::closed(protocol::CloseCode code) {
  if (code == protocol::CloseCode::service_restart && !reply_) {
    return leave(rooms::Hub::Leaving::perhaps);
  }
  give_up(has_ended());
}

}  // namespace onair::net
