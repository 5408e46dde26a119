#include "rooms/room.hpp"

#include <gtest/gtest.h>

#include "rooms/client.hpp"

namespace onair::rooms {
namespace {

using protocol::Role;

TEST(Room, ReachesTheOthersAfterAnyoneHasGone) {
  constexpr std::size_t kPeers = 20;  // more than are fetched ahead
  for (std::size_t gone = 0; gone < kPeers; ++gone) {
    const std::size_t speaker = gone == 0 ? 1 : 0;
    BufferBudget budget_;
    Room room("room", budget_);
    std::vector<Client> clients(kPeers);
    std::vector<Peer*> peers;
    for (std::size_t i = 0; i < kPeers; ++i) {
      peers.push_back(&room.add("peer" + std::to_string(i), i == 0 ? Role::talk : Role::watch));
      peers.back()->link = &clients[i];
      peers.back()->become(Present{});
    }
    room.erase(*peers[gone]);
    EXPECT_EQ(
        room.broadcast(Reach::everyone, frame_of(protocol::TalkReady{}), peers[speaker]).deliveries,
        kPeers - 2);
    for (std::size_t i = 0; i < kPeers; ++i) {
      EXPECT_EQ(clients[i].frames.size(), i == gone || i == speaker ? 0u : 1u)
          << i << " without " << gone;
    }
    EXPECT_EQ(room.talkers.size(), gone == 0 ? 0u : 1u);
    EXPECT_EQ(room.peers.size(), kPeers - 1);
  }
}

TEST(Room, AMemberThatIsAwayGetsFramesLaterAndTheOthersNow) {
  BufferBudget budget_;
  Room room("room", budget_);
  Client client;
  const Peer& away = room.add("away", Role::watch);
  Peer& here = room.add("here", Role::watch);
  here.link = &client;
  here.become(Present{});
  EXPECT_EQ(room.broadcast(Reach::everyone, frame_of(protocol::TalkReady{})).deliveries, 1u);
  EXPECT_EQ(client.news(), News{"talk_ready"});
  EXPECT_EQ(away.mailbox->take().size(), 1u);
  EXPECT_EQ(budget_.bytes, 0u);
}

TEST(Mailbox, KeepsAllOrNothing) {
  BufferBudget budget_{.most_frames = 2, .most_bytes = 1'000};
  const Frame frame = frame_of(protocol::TalkReady{});
  {
    Mailbox mailbox(budget_);
    mailbox.put(frame);
    mailbox.put(frame);
    EXPECT_EQ(budget_.bytes, 2 * frame->cost());
    mailbox.put(frame);
    EXPECT_EQ(budget_.bytes, 0u);
    mailbox.put(frame);
    EXPECT_TRUE(mailbox.take().empty());
  }
  budget_.most_bytes = 2 * frame->cost();
  Mailbox one(budget_);
  Mailbox other(budget_);
  one.put(frame);
  one.put(frame);
  other.put(frame);
  EXPECT_TRUE(other.take().empty()) << "the bound is that of all together";
  EXPECT_EQ(one.take().size(), 2u);
}

}  // namespace
}  // namespace onair::rooms
