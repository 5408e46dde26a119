// The room's pages that watch an encoder.
#include <algorithm>
#include <chrono>

#include "net/auth/crypto.hpp"
#include "net/media/media.hpp"
#include "net/media/whip_talker.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using protocol::DeclineReason;

/// How often a viewer may ask.
constexpr base::Rate kRequestRate{std::chrono::seconds(1), 5};

DeclineReason reason_of(const ForwarderClient::Result& result) {
  const auto* error = result ? std::get_if<control::Error>(&*result) : nullptr;
  if (error == nullptr) return DeclineReason::failed;
  if (error->code == control::ErrorCode::full) return DeclineReason::full;
  return error->code == control::ErrorCode::no_publication ? DeclineReason::not_on_air
                                                           : DeclineReason::failed;
}

}  // namespace

void WhipTalker::take_back_viewer(const std::string& peer, const media::Note& note) {
  viewings_[note.other] = {peer, note.connection.value_or(0), true, true};
  last_connection_ = std::max(last_connection_, note.connection.value_or(0));
  host().own_peer(peer, *this);
}

void WhipTalker::on_request(const protocol::PeerId& viewer) {
  if (!requests_[viewer].allow(kRequestRate, std::chrono::steady_clock::now())) return;
  if (stage_ != Stage::published || !on_air_) {
    return send_message(protocol::TalkDeclined{DeclineReason::not_on_air}, viewer);
  }
  const auto found = viewings_.find(viewer);
  if (found != viewings_.end() && !found->second.offered) return;  // already in progress
  // A page that asks again has lost its connection. It gets a new one instead of an ICE restart.
  close_viewing(viewer);
  const std::string peer = random_hex(control::kPeerIdDigits / 2);
  viewings_[viewer] = {peer, ++last_connection_};
  host().own_peer(peer, *this);
  media::Note note;
  note.kind = media::Note::Kind::viewer;
  note.member = id();
  note.other = viewer;
  note.connection = last_connection_;
  host().forwarder().ask(control::Invite{room(), peer, text_of(note)},
                         guarded<WhipTalker>([viewer, peer](WhipTalker& self, const auto& result) {
                           self.invited(viewer, peer, result);
                         }));
}

void WhipTalker::invited(const protocol::PeerId& viewer, const std::string& peer,
                         const ForwarderClient::Result& result) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end() || found->second.peer != peer) {
    return host().forwarder().close(peer);  // the viewer has left meanwhile
  }
  const auto* offer = result ? std::get_if<control::Description>(&*result) : nullptr;
  if (offer == nullptr) {
    close_viewing(viewer);
    return send_message(protocol::TalkDeclined{reason_of(result)}, viewer);
  }
  found->second.offered = true;
  send_message(protocol::Offer{offer->sdp, found->second.connection}, viewer);
}

void WhipTalker::on_answer(const protocol::PeerId& viewer, const protocol::Answer& answer) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end()) return;
  Viewing& viewing = found->second;
  const bool fits = !answer.connection || *answer.connection == viewing.connection;
  if (!fits || !viewing.offered || std::exchange(viewing.answered, true)) return;
  host().forwarder().ask(
      control::Answer{viewing.peer, answer.sdp},
      guarded<WhipTalker>([viewer, peer = viewing.peer](WhipTalker& self, const auto& result) {
        if (result && std::holds_alternative<control::Done>(*result)) return;
        const auto still = self.viewings_.find(viewer);
        if (still == self.viewings_.end() || still->second.peer != peer) return;
        self.close_viewing(viewer);
        self.send_message(protocol::TalkDeclined{DeclineReason::failed}, viewer);
      }));
}

void WhipTalker::close_viewing(const protocol::PeerId& viewer) {
  const auto found = viewings_.find(viewer);
  if (found == viewings_.end()) return;
  host().forwarder().close(found->second.peer);
  host().disown_peer(found->second.peer);
  viewings_.erase(found);
}

void WhipTalker::close_all_viewings() {
  while (!viewings_.empty()) close_viewing(protocol::PeerId(viewings_.begin()->first));
}

/// The forwarder has closed it by itself. The page finds out, and asks again.
void WhipTalker::forget_viewing(const std::string& peer) {
  std::erase_if(viewings_, [&peer](const auto& entry) { return entry.second.peer == peer; });
  host().disown_peer(peer);
}

}  // namespace onair::net
