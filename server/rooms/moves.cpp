// Peers that move from one hub to another, with the frames buffered for them.

#include <algorithm>
#include <map>
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {
namespace {

/// Frames buffered at two hubs, each once. The order is that of both, which agree on the frames of
/// each sender.
std::vector<Frame> merged(const std::vector<Frame>& first, const std::vector<Frame>& second) {
  std::map<FrameNumber, std::size_t> indices;
  for (std::size_t i = 0; i < second.size(); ++i) {
    if (second[i]->number() != kNoNumber) indices.emplace(second[i]->number(), i);
  }
  std::vector<Frame> all;
  std::size_t next = 0;
  const auto add_second_up_to = [&](std::size_t end) {
    for (; next < end; ++next) all.push_back(second[next]);
  };
  for (const Frame& frame : first) {
    const auto index = indices.find(frame->number());
    if (index == indices.end()) {
      all.push_back(frame);
    } else {
      add_second_up_to(index->second + 1);
    }
  }
  add_second_up_to(second.size());
  return all;
}

std::vector<Frame> take_mailbox(Peer& peer) {
  const auto mailbox = std::exchange(peer.mailbox, nullptr);
  return mailbox ? mailbox->take() : std::vector<Frame>{};
}

}  // namespace

HandOver take_buffered(Peer& peer) {
  HandOver handover{peer.room.name, peer.id, take_mailbox(peer)};
  if (const Away* const away = peer.away()) handover.delivered = away->delivered;
  return handover;
}

void close_replaced_link(Peer& peer) {
  if (Link* const link = peer.unlink()) link->close(protocol::CloseCode::replaced);
}

/// Delivers what another hub had buffered, and then what came since.
void Hub::deliver_buffered(Peer& peer, const HandOver& elsewhere, TimePoint now) {
  std::vector<Frame> here = take_mailbox(peer);
  std::erase_if(here, [&elsewhere](const Frame& frame) {
    return std::find(elsewhere.delivered.begin(), elsewhere.delivered.end(), frame->number()) !=
           elsewhere.delivered.end();
  });
  const std::vector<Frame> frames = merged(elsewhere.frames, here);
  if (!frames.empty() && !peer.is<SlotKept>()) {
    peer.mailbox = std::make_unique<Mailbox>(budget_);
    peer.mailbox->refill(frames);
  }
  send_buffered(peer, now);
}

/// Sends buffered frames as fast as the client reads them: at once they might be more than its
/// queue takes. When there are no more, the peer is present.
void Hub::send_buffered(Peer& peer, TimePoint now) {
  if (!peer.is<Arriving>()) return;
  if (peer.mailbox && peer.mailbox->has_overflowed()) {
    // It got some frames already. It has to ask for the rest, as after every loss.
    peer.mailbox.reset();
    return peer.link->close(protocol::CloseCode::try_again_later);
  }
  while (peer.mailbox && !peer.mailbox->empty()) {
    const SendQueue queue = peer.link->queue();
    const std::size_t bytes = peer.mailbox->front()->text().size();
    if (queue.bytes > 0 && queue.bytes + bytes > queue.bound / 2) {
      return deadlines_.paced.set(&peer, now + kPace);
    }
    router_.send(*peer.link, peer.mailbox->pop());
  }
  peer.mailbox.reset();
  peer.become(Present{});
}

void Hub::go_on_sending(Peer& peer, TimePoint now) {
  send_buffered(peer, now);
  if (!peer.is<Present>() || peer.role != protocol::Role::talk) return;
  // Numbers that changed meanwhile went to those present alone.
  router_.send(*peer.link, frame_of(protocol::Audience{peer.room.watching()}));
  reception_reporter_.changed(peer.room, now);
}

void Hub::on_handed_over(const HandOver& handover, TimePoint now) {
  Peer* const peer = find_peer(handover.room, handover.peer);
  if (peer == nullptr || !deadlines_.hand_over.erase(peer)) return;
  finish_hand_over(*peer, handover, now);
}

void Hub::finish_hand_over(Peer& peer, const HandOver& handover, TimePoint now) {
  deliver_buffered(peer, handover, now);
  if (peer.is<Moving>()) let_go_if_ready(peer, now);
}

void Hub::on_taken_over(const std::string& name, const protocol::PeerId& id, HubId by,
                        TimePoint now) {
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr) return bus_.hand_over(by, {name, id});
  const Away* const away = peer->away();
  peer->become(Moving{by, away == nullptr ? Away{} : *away});
  let_go_if_ready(*peer, now);
}

/// Waits for the last frames from its socket, and for those that a third hub buffered.
void Hub::let_go_if_ready(Peer& peer, TimePoint now) {
  const bool may_send = peer.link != nullptr && peer.away()->sent_off;
  if (!may_send && !deadlines_.hand_over.contains(&peer)) return let_go(peer, now);
  deadlines_.away.set(&peer, now + kLastFramesTimeout);
}

/// Silent, since the others know it as the same peer.
void Hub::let_go(Peer& peer, TimePoint now) {
  bus_.hand_over(peer.as<Moving>()->to, take_buffered(peer));
  close_replaced_link(peer);
  erase(peer, now);
}

}  // namespace onair::rooms
