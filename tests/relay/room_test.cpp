#include "relay/room.hpp"

#include <gtest/gtest.h>

#include "relay/client.hpp"

namespace onair::relay {
namespace {

using protocol::Role;

TEST(Room, TellsWhoeverIsLeftAfterAnyoneHasGone) {
  constexpr std::size_t kPeers = 20;  // more than are fetched ahead
  for (std::size_t gone = 0; gone < kPeers; ++gone) {
    const std::size_t speaker = gone == 0 ? 1 : 0;
    Room room("room");
    std::vector<Client> clients(kPeers);
    std::vector<Peer*> peers;
    for (std::size_t i = 0; i < kPeers; ++i) {
      peers.push_back(&room.add("peer" + std::to_string(i), i == 0 ? Role::talk : Role::watch));
      peers.back()->link = &clients[i];
    }
    room.erase(*peers[gone]);
    EXPECT_EQ(room.tell(Reach::everyone, frame_of(protocol::TalkReady{}), peers[speaker]),
              kPeers - 2);
    for (std::size_t i = 0; i < kPeers; ++i) {
      EXPECT_EQ(clients[i].frames.size(), i == gone || i == speaker ? 0u : 1u)
          << i << " without " << gone;
    }
    EXPECT_EQ(room.talkers.size(), gone == 0 ? 0u : 1u);
    EXPECT_EQ(room.peers.size(), kPeers - 1);
  }
}

TEST(Room, WhoIsAwayHearsNothingAndWhoFollowsDoes) {
  Room room("room");
  Client client;
  room.add("away", Role::watch);
  room.add("here", Role::watch).link = &client;
  EXPECT_EQ(room.tell(Reach::everyone, frame_of(protocol::TalkReady{})), 1u);
  EXPECT_EQ(client.news(), News{"talk_ready"});
}

}  // namespace
}  // namespace onair::relay
