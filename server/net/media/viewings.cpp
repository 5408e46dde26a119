#include "net/media/viewings.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include "net/auth/crypto.hpp"
#include "net/media/media.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using protocol::DeclineReason;

/// How often a viewer may ask.
constexpr base::Rate kRequestRate{std::chrono::seconds(1), 5};

protocol::ConnectionId random_connection() {
  std::random_device random;
  return std::uniform_int_distribution<protocol::ConnectionId>(1, 1U << 31U)(random);
}

DeclineReason reason_of(const ForwarderClient::Result& result) {
  const auto* error = result ? std::get_if<control::Error>(&*result) : nullptr;
  if (error == nullptr) return DeclineReason::failed;
  if (error->code == control::ErrorCode::full) return DeclineReason::full;
  return error->code == control::ErrorCode::no_publication ? DeclineReason::not_on_air
                                                           : DeclineReason::failed;
}

}  // namespace

Viewings::Viewings(MediaLink& member) : member_(member), last_connection_(random_connection()) {}

Media& Viewings::media() const {
  return member_.media();
}

bool Viewings::may_ask(const protocol::PeerId& viewer) {
  return requests_[viewer].allow(kRequestRate, std::chrono::steady_clock::now());
}

void Viewings::offer_to(const protocol::PeerId& viewer) {
  const auto found = viewings_.find(viewer);
  if (found != viewings_.end() && !found->second.offered) return;  // already in progress
  close(viewer);
  const std::string peer = random_hex(control::kPeerIdDigits / 2);
  viewings_[viewer] = {peer, ++last_connection_};
  media().own_peer(peer, member_);
  media::Note note;
  note.kind = media::Note::Kind::viewer;
  note.member = member_.id();
  note.other = viewer;
  note.connection = last_connection_;
  media().forwarder().request(
      control::Invite{member_.room(), peer, text_of(note)},
      member_.guarded<MediaLink>(
          [this, viewer, peer](MediaLink&, const auto& result) { invited(viewer, peer, result); }));
}

void Viewings::invited(const protocol::PeerId& viewer, const std::string& peer,
                       const ForwarderClient::Result& result) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end() || found->second.peer != peer) {
    return media().forwarder().close(peer);  // the viewer has left meanwhile
  }
  const auto* offer = result ? std::get_if<control::Description>(&*result) : nullptr;
  if (offer == nullptr) {
    close(viewer);
    return decline(viewer, reason_of(result));
  }
  found->second.offered = true;
  member_.send_message(protocol::Offer{offer->sdp, found->second.connection}, viewer);
}

void Viewings::decline(const protocol::PeerId& viewer, DeclineReason reason) {
  member_.send_message(protocol::TalkDeclined{reason}, viewer);
}

void Viewings::answer(const protocol::PeerId& viewer, const protocol::Answer& answer) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end()) return;
  Viewing& viewing = found->second;
  const bool fits = !answer.connection || *answer.connection == viewing.connection;
  if (!fits || !viewing.offered || std::exchange(viewing.answered, true)) return;
  media().forwarder().request(control::Answer{viewing.peer, answer.sdp},
                              member_.guarded<MediaLink>([this, viewer, peer = viewing.peer](
                                                             MediaLink&, const auto& result) {
                                answer_taken(viewer, peer, result);
                              }));
}

void Viewings::answer_taken(const protocol::PeerId& viewer, const std::string& peer,
                            const ForwarderClient::Result& result) {
  if (result && std::holds_alternative<control::Done>(*result)) return;
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end() || found->second.peer != peer) return;
  close(viewer);
  decline(viewer, DeclineReason::failed);
}

void Viewings::close(const protocol::PeerId& viewer) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end()) return;
  media().forwarder().close(found->second.peer);
  media().disown_peer(found->second.peer);
  viewings_.erase(found);
}

void Viewings::left(const protocol::PeerId& viewer) {
  requests_.erase(viewer);
  close(viewer);
}

void Viewings::close_removed() {
  std::vector<protocol::PeerId> removed;
  for (const auto& [viewer, viewing] : viewings_) {
    if (media().worker().is_removed(member_.room(), viewer)) removed.push_back(viewer);
  }
  for (const protocol::PeerId& viewer : removed) left(viewer);
}

void Viewings::close_all() {
  while (!viewings_.empty()) close(protocol::PeerId(viewings_.begin()->first));
}

void Viewings::end_all() {
  for (const auto& [viewer, viewing] : viewings_) {
    member_.send_message(protocol::EndTalk{}, viewer);
  }
  close_all();
}

void Viewings::on_event(const control::Event& event) {
  const std::string& peer =
      std::visit([](const auto& of) -> const auto& { return of.peer; }, event);
  const auto found = std::ranges::find_if(
      viewings_, [&peer](const auto& entry) { return entry.second.peer == peer; });
  if (found == viewings_.end()) return;
  if (std::holds_alternative<control::Connected>(event)) found->second.connected = true;
  if (!std::holds_alternative<control::Gone>(event)) return;
  media().disown_peer(peer);
  viewings_.erase(found);
}

bool Viewings::serves(const protocol::PeerId& viewer) const {
  const auto found = viewings_.find(viewer);
  return found != viewings_.end() && found->second.connected;
}

void Viewings::take_back(const control::PeerInfo& peer, const media::Note& note) {
  viewings_[note.other] = {peer.peer, note.connection.value_or(0), /*offered=*/true,
                           /*answered=*/true, peer.connected};
  last_connection_ = std::max(last_connection_, note.connection.value_or(0));
  media().own_peer(peer.peer, member_);
}

void Viewings::take_over(Viewings& before) {
  viewings_ = std::exchange(before.viewings_, {});
  last_connection_ = before.last_connection_;
  for (auto next = viewings_.begin(); next != viewings_.end();) {
    const auto& [viewer, viewing] = *next++;
    if (viewing.offered) {
      media().own_peer(viewing.peer, member_);
    } else {
      // The forwarder's answer goes to the one before.
      decline(viewer, DeclineReason::failed);
      close(protocol::PeerId(viewer));
    }
  }
}

}  // namespace onair::net
