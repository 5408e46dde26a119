#include "net/media/whip_talker.hpp"

#include <utility>

#include "net/media/media.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using boost::beast::http::status;
using protocol::CloseCode;

}  // namespace

WhipTalker::WhipTalker(Media& media, MediaEntry entry, std::string key)
    : MediaLink(media, rooms::kWhipTalker, protocol::Role::talk, media::Note::Kind::whip,
                std::move(entry)),
      viewings_(*this),
      grace_(worker().context()) {
  note_.key = std::move(key);
}

bool WhipTalker::is_silent() const {
  if (stage_ != Stage::published || sends_) return false;
  return is_gone_ || std::chrono::steady_clock::now() >= may_start_until_;
}

void WhipTalker::publish(std::string offer, MediaReply reply) {
  offer_ = std::move(offer);
  reply_ = std::move(reply);
  enter();
}

void WhipTalker::take_back(const control::PeerInfo& peer, const media::Note& note) {
  stage_ = Stage::published;
  sends_ = peer.media;
  was_connected_ = peer.connected;
  media().own_resource(note.resource, *this);
  MediaLink::take_back(peer, note);
}

void WhipTalker::entered(const protocol::Welcome&) {
  const auto before = media().set_talker(*this);
  if (before && !before->is_silent()) {
    // Two came at once into a room for several talkers. The forwarder has one publication a room.
    media().set_talker(*before);
    refused({"room_taken", "Somebody else talks in this room."});
    return leave(rooms::Hub::Leaving::for_good);
  }
  if (before) take_over_from(*before);
  if (stage_ == Stage::published) {
    viewings_.close_removed();
    if (was_connected_) go_on_air();  // taken back
    if (!sends_) await_encoder();
    return;
  }
  stage_ = Stage::publishing;
  make_resource(offer_);
  use_new_peer();
  media().forwarder().request(
      control::Publish{room(), peer(), std::exchange(offer_, {}), text_of(note_)},
      guarded<WhipTalker>([](WhipTalker& self, const auto& result) { self.published(result); }));
}

void WhipTalker::refused(const protocol::Error& error) {
  if (reply_) std::exchange(reply_, nullptr)(problem_of(error.code, error.message));
  // Taken back in vain, or removed: somebody else talks here now.
  viewings_.close_all();
  close_connections();
}

void WhipTalker::take_over_from(WhipTalker& silent) {
  takes_over_ = true;
  on_air_ = silent.on_air_;
  viewings_.take_over(silent.viewings_);
  replaced_peer_ = silent.peer();
  silent.leave(rooms::Hub::Leaving::for_good);
}

void WhipTalker::published(const ForwarderClient::Result& result) {
  const auto* answer = result ? std::get_if<control::Description>(&*result) : nullptr;
  const MediaReply reply = std::exchange(reply_, nullptr);
  if (answer != nullptr) {
    stage_ = Stage::published;
    may_start_until_ = std::chrono::steady_clock::now() + kStartTimeout;
    replaced_peer_.clear();
    await_first_packet();
    return reply(created(media::Standard::whip, answer->sdp));
  }
  // Closes the new peer connection too: the forwarder has it, if only the reply came too late.
  close_connections();
  reply(problem_of(result));
  if (!takes_over_) return end();
  stage_ = Stage::published;
  is_gone_ = true;
  await_encoder();
}

void WhipTalker::on_forwarder_event(const control::Event& event) {
  const auto peer_of = [](const auto& of) -> const std::string& { return of.peer; };
  if (std::visit(peer_of, event) == peer()) return on_own_peer(event);
  viewings_.on_event(event);
}

void WhipTalker::on_own_peer(const control::Event& event) {
  if (std::holds_alternative<control::Connected>(event)) return go_on_air();
  if (const auto* change = std::get_if<control::MediaChange>(&event)) {
    sends_ = change->on;
    may_start_until_ = {};
    if (!sends_) return await_encoder();
    grace_.cancel();
    return go_on_air();
  }
  forget_peer();
  sends_ = false;
  is_gone_ = true;
  // An encoder that was never on air is not waited for: nobody watches it.
  if (!on_air_ && !takes_over_) return end();
  await_encoder();
}

/// Pages are told at once, so that they ask again when the encoder is back.
void WhipTalker::on_forwarder_died() {
  if (stage_ != Stage::published) return;  // it has nothing there yet
  forget_peer();
  sends_ = false;
  is_gone_ = true;
  if (!on_air_ && !takes_over_) return end();
  go_off_air();
  await_encoder();
}

void WhipTalker::go_on_air() {
  if (std::exchange(on_air_, true) && !takes_over_) return;
  takes_over_ = false;
  // Pages that have a connection ignore it; those that gave up ask again.
  send_message(protocol::TalkReady{});
}

void WhipTalker::go_off_air() {
  viewings_.close_all();
  if (std::exchange(on_air_, false)) send_message(protocol::EndTalk{});
}

/// Nothing comes. The picture stands still until the encoder goes on or reconnects.
void WhipTalker::await_encoder() {
  wait<WhipTalker>(grace_, media().grace(), [](WhipTalker& self) { self.encoder_stays_away(); });
}

/// An encoder that never sends keeps its room from others, and takes memory of the forwarder.
void WhipTalker::await_first_packet() {
  const auto timeout = kFirstPacketTimeoutFactor * worker().limits().handshake_time;
  wait<WhipTalker>(grace_, timeout, [](WhipTalker& self) { self.end(); });
}

void WhipTalker::encoder_stays_away() {
  if (sends_) return;
  if (is_gone_) return end();
  go_off_air();  // still connected: it is on air again with its next packet
}

void WhipTalker::received(const protocol::Message& message) {
  if (const auto* left = std::get_if<protocol::UserDisconnected>(&message.body)) {
    return viewings_.left(left->id);
  }
  if (!message.from) return;
  const protocol::PeerId& from = *message.from;
  if (std::holds_alternative<protocol::TalkRequest>(message.body)) return on_request(from);
  if (std::holds_alternative<protocol::Bye>(message.body)) return viewings_.close(from);
  if (const auto* answer = std::get_if<protocol::Answer>(&message.body)) {
    viewings_.answer(from, *answer);
  }
  // Candidates are not needed: the forwarder learns addresses from the checks (ICE-lite).
}

void WhipTalker::on_request(const protocol::PeerId& viewer) {
  if (!viewings_.may_ask(viewer)) return;
  if (stage_ == Stage::published && on_air_) return viewings_.offer_to(viewer);
  viewings_.decline(viewer, protocol::DeclineReason::not_on_air);
}

void WhipTalker::deleted() {
  end();
}

void WhipTalker::closed(CloseCode code) {
  if (reply_) {
    std::exchange(reply_, nullptr)(
        problem(status::service_unavailable, "ended", "The session has ended.", 1));
  }
  if (code == CloseCode::replaced) return;  // see take_over_from
  if (code == CloseCode::service_restart) return leave(rooms::Hub::Leaving::perhaps);
  viewings_.close_all();
  close_connections();
  leave(rooms::Hub::Leaving::for_good);
}

void WhipTalker::close_connections() {
  close_peer();
  if (!replaced_peer_.empty()) media().forwarder().close(std::exchange(replaced_peer_, {}));
}

void WhipTalker::end() {
  close_connections();
  go_off_air();
  leave(rooms::Hub::Leaving::for_good);
}

}  // namespace onair::net
