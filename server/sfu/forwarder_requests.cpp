// The requests of the control protocol (CONTROL.md).
#include <utility>
#include <variant>

#include "sfu/base/random.hpp"
#include "sfu/forwarder.hpp"
#include "sfu/negotiation/ice_fragment.hpp"

namespace onair::sfu {
namespace {

using control::Error;
using control::ErrorCode;

Error error_of(const SdpError& error) {
  return {control_code_of(error.code), error.message};
}

Error no_such_peer() {
  return {ErrorCode::no_such_peer, "There is no such peer."};
}

Error no_publication() {
  return {ErrorCode::no_publication, "Nobody broadcasts in this room yet."};
}

}  // namespace

control::Reply Forwarder::handle(const control::Request& request, TimePoint now) {
  now_ = now;
  return std::visit([&](const auto& of_its_kind) { return on(of_its_kind, now); }, request);
}

control::Reply Forwarder::on(const control::Hello& request, TimePoint) {
  if (request.version != control::kVersion) {
    return Error{ErrorCode::bad_version, "This forwarder speaks version 1."};
  }
  return control::Greeting{control::kVersion, instance_, list_peers("")};
}

control::Reply Forwarder::on(const control::Publish& request, TimePoint now) {
  if (auto refusal = refusal_of_new(request.room, request.peer)) return *std::move(refusal);
  const auto offer = Sdp::parse(request.sdp);
  if (const auto* const error = std::get_if<SdpError>(&offer)) return error_of(*error);
  Peer& peer = add_peer(request.peer, Peer::Role::publishing, request.room, request.note, now);
  auto answer = answer_publisher(std::get<Sdp>(offer), describe(peer));
  if (const auto* const error = std::get_if<SdpError>(&answer)) {
    Error refusal = error_of(*error);
    discard(peer);
    return refusal;
  }
  auto& [text, agreed] = std::get<Negotiated>(answer);
  RoomEntry& entry = peer.entry;
  if (entry.talker != nullptr) end(*entry.talker, control::GoneReason::replaced);
  entry.talker = &peer;
  end_viewers(entry, entry.change_room(now).set_published(agreed));
  accept(peer, std::move(agreed), now);
  return control::Description{std::move(text)};
}

control::Reply Forwarder::on(const control::Play& request, TimePoint now) {
  if (auto refusal = refusal_of_new(request.room, request.peer)) return *std::move(refusal);
  const ForwardedRoom* const room = find_publication(request.room);
  if (room == nullptr) return no_publication();
  const auto offer = Sdp::parse(request.sdp);
  if (const auto* const error = std::get_if<SdpError>(&offer)) return error_of(*error);
  Peer& peer = add_peer(request.peer, Peer::Role::subscribing, request.room, request.note, now);
  auto answer =
      answer_subscriber(std::get<Sdp>(offer), describe(peer), room->published(), room->streams());
  if (const auto* const error = std::get_if<SdpError>(&answer)) {
    Error refusal = error_of(*error);
    discard(peer);
    return refusal;
  }
  auto& [text, agreed] = std::get<Negotiated>(answer);
  accept(peer, std::move(agreed), now);
  return control::Description{std::move(text)};
}

control::Reply Forwarder::on(const control::Invite& request, TimePoint now) {
  if (auto refusal = refusal_of_new(request.room, request.peer)) return *std::move(refusal);
  const ForwardedRoom* const room = find_publication(request.room);
  if (room == nullptr) return no_publication();
  Peer& peer = add_peer(request.peer, Peer::Role::subscribing, request.room, request.note, now);
  peer.offer = offer_subscriber(describe(peer), room->published(), room->streams());
  return control::Description{peer.offer->text};
}

control::Reply Forwarder::on(const control::Answer& request, TimePoint now) {
  Peer* const peer = find_peer(request.peer);
  if (peer == nullptr) return no_such_peer();
  if (!peer->offer) return Error{ErrorCode::bad_request, "This peer was not offered anything."};
  const auto answer = Sdp::parse(request.sdp);
  if (const auto* const error = std::get_if<SdpError>(&answer)) return error_of(*error);
  auto agreed = read_answer(std::get<Sdp>(answer), *peer->offer);
  if (const auto* const error = std::get_if<SdpError>(&agreed)) return error_of(*error);
  peer->offer.reset();
  accept(*peer, std::get<Agreed>(std::move(agreed)), now);
  return control::Done{};
}

control::Reply Forwarder::on(const control::Trickle& request, TimePoint) {
  if (find_peer(request.peer) == nullptr) return no_such_peer();
  // A lite agent sends no checks, so it needs no candidates.
  const auto fragment = IceFragment::parse(request.sdp);
  if (const auto* const error = std::get_if<SdpError>(&fragment)) return error_of(*error);
  return control::Done{};
}

control::Reply Forwarder::on(const control::Restart& request, TimePoint) {
  Peer* const peer = find_peer(request.peer);
  if (peer == nullptr) return no_such_peer();
  if (!peer->agreed) return Error{ErrorCode::bad_request, "This peer has not answered yet."};
  auto fragment = IceFragment::parse(request.sdp);
  if (const auto* const error = std::get_if<SdpError>(&fragment)) return error_of(*error);
  auto& parsed = std::get<IceFragment>(fragment);
  const auto kind = kind_of(parsed, peer->agreed->remote);
  if (const auto* const error = std::get_if<SdpError>(&kind)) return error_of(*error);
  if (std::get<FragmentKind>(kind) == FragmentKind::restart) {
    peer->agreed->remote.ufrag = std::move(parsed.ufrag);
    peer->agreed->remote.pwd = std::move(parsed.pwd);
    const std::string unused = peer->change_transport(now_).ice().restart(make_ice_credentials());
    if (!unused.empty()) directory_.remove(unused, *peer);
    directory_.add(peer->transport().ice().local().ufrag, *peer);
  }
  if (!request.note.empty()) peer->note = request.note;
  return control::Description{restart_answer(describe(*peer), *peer->agreed)};
}

control::Reply Forwarder::on(const control::Close& request, TimePoint) {
  Peer* const peer = find_peer(request.peer);
  if (peer == nullptr) return no_such_peer();
  end(*peer, control::GoneReason::requested);
  return control::Done{};
}

control::Reply Forwarder::on(const control::List& request, TimePoint) {
  return control::PeerList{list_peers(request.after)};
}

control::Reply Forwarder::on(const control::Stats& request, TimePoint) {
  control::Report report;
  report.total = of_closed_rooms_;
  for (const auto& [name, entry] : rooms_) report.total += entry.room().traffic();
  for (auto each = rooms_.upper_bound(request.after); each != rooms_.end(); ++each) {
    if (!report.rooms.add({each->first, each->second.room().traffic()})) break;
  }
  return report;
}

std::optional<Error> Forwarder::refusal_of_new(const std::string& room,
                                               const control::PeerId& peer) const {
  if (peers_.contains(peer)) return Error{ErrorCode::peer_exists, "This peer is there already."};
  if (peers_.size() >= max_peers_) return Error{ErrorCode::full, "This forwarder is full."};
  if (!rooms_.contains(room) && rooms_.size() >= max_rooms_) {
    return Error{ErrorCode::full, "This forwarder has as many rooms as it may have."};
  }
  return std::nullopt;
}

void Forwarder::accept(Peer& peer, Agreed agreed, TimePoint now) {
  const auto role = agreed.begins_dtls ? DtlsRole::client : DtlsRole::server;
  peer.change_transport(now).set_remote(role, by_longest_hash(agreed.remote.fingerprints), now);
  peer.agreed = std::move(agreed);
  follow_transport(peer, now);
}

Peer& Forwarder::add_peer(const control::PeerId& id, Peer::Role role, const std::string& room,
                          const std::string& note, TimePoint now) {
  RoomEntry& entry = rooms_.try_emplace(room, room, rooms_due_).first->second;
  ++entry.peers;
  Peer& peer =
      peers_.try_emplace(id, id, role, entry, note, context_, peers_due_, now).first->second;
  directory_.add(peer.transport().ice().local().ufrag, peer);
  return peer;
}

LocalTransport Forwarder::describe(Peer& peer) const {
  const IceCredentials& local = peer.transport().ice().local();
  return {.ufrag = local.ufrag,
          .pwd = local.pwd,
          .fingerprint = text_of(context_.certificate.fingerprint()),
          .candidates = candidates_,
          .session_id = peer.session_id,
          .session_version = ++peer.session_version};
}

const ForwardedRoom* Forwarder::find_publication(std::string_view room) const {
  const auto found = rooms_.find(room);
  if (found == rooms_.end() || !found->second.room().has_publication()) return nullptr;
  return &found->second.room();
}

Peer* Forwarder::find_peer(const control::PeerId& id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

control::Page<control::PeerInfo> Forwarder::list_peers(const control::PeerId& after) const {
  control::Page<control::PeerInfo> page;
  for (auto entry = peers_.upper_bound(after); entry != peers_.end(); ++entry) {
    const Peer& peer = entry->second;
    const ForwardedRoom& room = peer.entry.room();
    if (!page.add({.room = room.name(),
                   .peer = peer.id,
                   .publishes = peer.publishes(),
                   .connected = peer.is_connected(),
                   .media = peer.entry.talker == &peer && room.has_media(),
                   .note = peer.note})) {
      break;
    }
  }
  return page;
}

}  // namespace onair::sfu
