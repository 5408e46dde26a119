#include "net/media/media_link.hpp"

#include <algorithm>
#include <chrono>

#include "net/auth/crypto.hpp"
#include "net/media/media.hpp"
#include "protocol/codec.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using boost::beast::http::status;
using protocol::ErrorCode;

constexpr std::size_t kPeerBytes = control::kPeerIdDigits / 2;
constexpr std::size_t kResourceBytes = 16;
constexpr std::size_t kEtagBytes = 8;

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string new_etag() {
  return '"' + random_hex(kEtagBytes) + '"';
}

}  // namespace

MediaLink::MediaLink(Media& media, rooms::MemberKind kind, protocol::Role role,
                     media::Note::Kind note_kind, MediaEntry entry)
    : media_(media), worker_(media.worker()), kind_(kind), role_(role), entry_(std::move(entry)) {
  note_.kind = note_kind;
  note_.name = entry_.pass.name;
  note_.address = entry_.counted_as.value_or("");
  if (entry_.pass.holds_for) {
    note_.expires =
        seconds_now() +
        std::chrono::duration_cast<std::chrono::seconds>(*entry_.pass.holds_for).count();
  }
  admission_slot = entry_.slots.member;
  address = worker().address_of(note_.address);
}

void MediaLink::enter() {
  rooms::EntryRequest request{kind_, {entry_.room, role_}};
  request.resumption = entry_.resumption;
  request.pass = entry_.pass;
  worker_.connected(shared_from_this());
  worker_.enter(*this, request);
}

void MediaLink::take_back(const control::PeerInfo& peer, const media::Note& note) {
  note_ = note;
  peer_ = peer.peer;
  media_.own_peer(peer_, *this);
  const std::chrono::seconds age(std::max<std::int64_t>(0, seconds_now() - note.since));
  rooms::EntryRequest request{kind_, {entry_.room, role_}};
  request.resumption = rooms::Resumption{note.member, age};
  request.pass = rooms::Pass{.name = note.name};
  if (note.expires) {
    request.pass->holds_for =
        std::chrono::seconds(std::max<std::int64_t>(0, *note.expires - seconds_now()));
  }
  worker_.connected(shared_from_this());
  worker_.enter(*this, request);
}

void MediaLink::send(const rooms::Frame& frame) {
  if (left_ || (is_in_ && !listens())) return;
  later<MediaLink>([frame](MediaLink& self) { self.take(*frame); });
}

void MediaLink::close(protocol::CloseCode code) {
  later<MediaLink>([code](MediaLink& self) { self.closed(code); });
}

void MediaLink::take(const rooms::SharedFrame& frame) {
  const protocol::Decoded decoded = protocol::decode(frame.text());
  const auto* message = std::get_if<protocol::Message>(&decoded);
  if (message == nullptr) return;
  if (frame.from().empty()) {
    if (const auto* welcome = std::get_if<protocol::Welcome>(&message->body)) {
      return take_welcome(*welcome);
    }
    const auto* error = std::get_if<protocol::Error>(&message->body);
    // The hub has removed a talker that lost its slot. Whom it removes otherwise it also closes.
    const bool lost_its_slot =
        error != nullptr && Link::peer == nullptr && error->code == name_of(ErrorCode::room_taken);
    if (error != nullptr && (!is_in_ || lost_its_slot)) {
      refused(*error);
      return leave(rooms::Hub::Leaving::for_good);
    }
  }
  if (is_in_) received(*message);
}

void MediaLink::take_welcome(const protocol::Welcome& welcome) {
  is_in_ = true;
  if (note_.since == 0) note_.since = seconds_now();
  note_.member = welcome.id;
  ice_servers_ = welcome.ice_servers;
  entered(welcome);
}

void MediaLink::send_message(protocol::Body body, std::optional<protocol::PeerId> to) {
  const protocol::Message message{std::move(body), std::nullopt, std::move(to)};
  worker_.send(*this, {std::string(type_of(message.body)), message.sendto},
               protocol::encode(message));
}

void MediaLink::use_new_peer() {
  peer_ = random_hex(kPeerBytes);
  media_.own_peer(peer_, *this);
}

void MediaLink::close_peer() {
  if (peer_.empty()) return;
  media_.forwarder().close(peer_);
  forget_peer();
}

void MediaLink::forget_peer() {
  media_.disown_peer(peer_);
  peer_.clear();
}

void MediaLink::make_resource(const std::string& offer) {
  note_.resource = random_hex(kResourceBytes);
  note_.etag = new_etag();
  note_.ufrag = media::ice_ufrag_of(offer);
  media_.own_resource(note_.resource, *this);
}

MediaAnswer MediaLink::created(media::Standard standard, const std::string& answer) const {
  return {.status = status::created,
          .body = answer,
          .content_type = "application/sdp",
          .location = path_of(media::Target{standard, entry_.room, note_.resource}),
          .etag = note_.etag,
          .ice_servers = ice_servers_};
}

void MediaLink::patch(media::Patch kind, const std::string& fragment, const MediaReply& reply) {
  if (kind == media::Patch::trickle) {
    return media_.forwarder().request(
        control::Trickle{peer_, fragment}, [reply](const ForwarderClient::Result& result) {
          const bool done = result && std::holds_alternative<control::Done>(*result);
          reply(done ? MediaAnswer{.status = status::no_content} : problem_of(result));
        });
  }
  // The forwarder notes it with the restart: a server that comes later must know the new tag.
  media::Note anew = note_;
  anew.ufrag = media::ice_ufrag_of(fragment);
  anew.etag = new_etag();
  media_.forwarder().request(
      control::Restart{peer_, fragment, text_of(anew)},
      [weak = weak_from_this(), reply, anew](const ForwarderClient::Result& result) {
        const auto* made = result ? std::get_if<control::Description>(&*result) : nullptr;
        const auto self = weak.lock();
        if (made == nullptr || !self) return reply(problem_of(result));
        self->note_ = anew;
        reply({.body = made->sdp,
               .content_type = "application/trickle-ice-sdpfrag",
               .etag = anew.etag});
      });
}

void MediaLink::leave(rooms::Hub::Leaving leaving) {
  if (std::exchange(left_, true)) return;
  const auto self = shared_from_this();  // what holds it is about to let go
  media_.forget(*this);
  worker_.disconnected(*this, leaving);
}

}  // namespace onair::net
