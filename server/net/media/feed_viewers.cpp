// The pages that watch a browser's broadcast through the forwarder, since its talker has sent them
// there.
#include <chrono>

#include "net/media/media.hpp"
#include "protocol/limits.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using std::chrono::steady_clock;

/// A page that knows the forwarder asks it within this time. The others get an offer then, as from
/// any talker.
constexpr std::chrono::seconds kAskTimeout{1};

/// How many pages may be about to ask.
constexpr std::size_t kMostInvited = 512;

/// How many connections the forwarder may have for pages that have not shown that they exist: as
/// many as a talker invites at once.
constexpr std::size_t kMostUnproven = protocol::kMaxInvited;

}  // namespace

/// They watch a talker that held it, and does until it says otherwise.
void Feed::take_back_viewer(const control::PeerInfo& peer, const media::Note& note) {
  viewings_.take_back(peer, note);
  if (media().serves_pages()) holders_.insert(note_.other);
}

void Feed::on_viewer(const protocol::PeerId& viewer, const protocol::Message& message) {
  if (std::holds_alternative<protocol::TalkRequest>(message.body)) {
    if (message.sendto == id()) on_request(viewer);  // others are for the talkers
  } else if (std::holds_alternative<protocol::Bye>(message.body)) {
    invited_.erase(viewer);
    unproven_.erase(viewer);
    viewings_.close(viewer);
  } else if (const auto* answer = std::get_if<protocol::Answer>(&message.body)) {
    unproven_.erase(viewer);
    viewings_.answer(viewer, *answer);
  }
}

void Feed::on_request(const protocol::PeerId& viewer) {
  if (!viewings_.may_ask(viewer)) return;
  invited_.erase(viewer);
  unproven_.erase(viewer);
  if (is_ready() && is_held()) return viewings_.offer_to(viewer);
  viewings_.decline(viewer, protocol::DeclineReason::not_on_air);
}

void Feed::on_invite(const protocol::InviteWatchers& invite) {
  if (!is_ready() || !media().serves_pages()) return;
  holders_.insert(note_.other);  // its use_forwarder may come later, since that goes by another way
  const auto until = steady_clock::now() + kAskTimeout;
  for (const protocol::PeerId& viewer : invite.peers) {
    // One that has asked and is not connected may have lost its offer.
    const bool is_known =
        viewings_.serves(viewer) || invited_.contains(viewer) || unproven_.contains(viewer);
    if (is_known || viewer == note_.other || invited_.all().size() >= kMostInvited) continue;
    invited_.set(viewer, until);
    send_message(protocol::TalkReady{.of = note_.other}, viewer);
  }
  await_those_invited();
}

void Feed::await_those_invited() {
  const auto next = rooms::earliest({invited_.next(), unproven_.next()});
  if (!next) return;
  wait<Feed>(invitation_, *next - steady_clock::now(), [](Feed& self) {
    const auto now = steady_clock::now();
    while (const auto viewer = self.unproven_.take_due(now)) self.viewings_.close(*viewer);
    while (const auto viewer = self.invited_.take_due(now)) self.offer_to_invited(*viewer);
    self.await_those_invited();
  });
}

/// It has not asked: it does not know the forwarder, or is no member at all. Where too many of that
/// kind have a connection, it gets none: its talker invites it again.
void Feed::offer_to_invited(const protocol::PeerId& viewer) {
  if (!is_ready() || !is_held() || unproven_.all().size() >= kMostUnproven) return;
  unproven_.set(viewer, steady_clock::now() + worker().limits().handshake_time);
  viewings_.offer_to(viewer);
}

void Feed::close_unproven() {
  for (const auto& [viewer, until] : unproven_.all()) viewings_.close(viewer);
  unproven_ = {};
}

void Feed::end_viewings() {
  invited_ = {};
  unproven_ = {};
  viewings_.end_all();
}

}  // namespace onair::net
