// A hostile client in a room with an honest talker and honest viewers, who lose nothing.

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;

/// A client that sends what it likes. Its frames reach the hub at once.
class Stranger {
 public:
  explicit Stranger(World& world) : world_(world) { enter(); }
  ~Stranger() { leave(); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void send(protocol::Body body, const std::string& to = {}) {
    protocol::Message message{std::move(body), std::nullopt, std::nullopt};
    if (!to.empty()) message.sendto = to;
    world_.hub().receive(*socket_, protocol::encode(message), world_.now());
    world_.settle();
  }

  void leave() {
    if (socket_) world_.hub().disconnected(*socket_, rooms::Hub::Leaving::for_good, world_.now());
    socket_.reset();
    world_.settle();
  }

  /// Comes back under another id.
  void enter() {
    socket_ = std::make_shared<FakeSocket>(
        [this](const std::string& frame) {
          const auto decoded = protocol::decode(frame);
          const auto& message = std::get<protocol::Message>(decoded);
          if (const auto* offer = std::get_if<protocol::Offer>(&message.body)) {
            offered = offer->connection;
          }
        },
        [](protocol::CloseCode) {});
    send(protocol::Enter{"lesson", protocol::Role::watch});
  }

  std::optional<protocol::ConnectionId> offered;  ///< the connection of the last offer

 private:
  World& world_;
  std::shared_ptr<FakeSocket> socket_;
};

class Attack : public testing::Test {
 protected:
  Attack() {
    talker.start_video();
    world.settle();
    EXPECT_EQ(one.picture(), Picture::live);
    EXPECT_EQ(two.picture(), Picture::live);
    before = talker.count_done<session::CreateConnection>();
  }

  /// The viewers kept their connections, and one who comes now gets its picture.
  void expect_no_harm() {
    EXPECT_LE(talker.count_done<session::CreateConnection>(), kMostCreated);
    for (Watcher* viewer : {&one, &two}) {
      EXPECT_EQ(viewer->picture(), Picture::live);
      EXPECT_EQ(viewer->count_done<session::CreateConnection>(), 1u) << "had to reconnect";
    }
    Watcher& late = world.add_watcher();
    world.pass(Duration(1'000));
    EXPECT_EQ(late.picture(), Picture::live);
    one.say("still here");
    world.settle();
    EXPECT_EQ(two.chat_texts(), std::vector<std::string>{"still here"});
  }
  ~Attack() override { world.expect_empty_after_all_left(); }

  World world;
  Talker& talker = world.add_talker();
  Watcher& one = world.add_watcher();
  Watcher& two = world.add_watcher();
  std::size_t before = 0;
};

TEST_F(Attack, AThousandRequests) {
  Stranger stranger(world);
  for (int i = 0; i < 1'000; ++i) {
    stranger.send(protocol::TalkRequest{});
    if (i % 10 == 9) world.pass(Duration(10));
  }
  EXPECT_LE(talker.count_done<session::CreateConnection>() - before, 11u);
  expect_no_harm();
}

TEST_F(Attack, AThousandRequestsEachUnderAnotherId) {
  Stranger stranger(world);
  for (int i = 0; i < 1'000; ++i) {
    stranger.send(protocol::TalkRequest{});
    stranger.leave();
    stranger.enter();
    world.pass(Duration(5));
  }
  expect_no_harm();
}

TEST_F(Attack, AThousandAnswersAndAThousandCandidates) {
  Stranger stranger(world);
  stranger.send(protocol::TalkRequest{});
  for (int i = 0; i < 1'000; ++i) {
    stranger.send(protocol::Answer{"999999 0", stranger.offered});
    stranger.send(protocol::Candidate{"candidate of 999999", "0", 0, stranger.offered});
  }
  EXPECT_LE(talker.count_done<session::ApplyRemoteDescription>(), before + 1);
  EXPECT_LE(talker.count_done<session::AddCandidate>(), 2 * before + 128);
  expect_no_harm();
}

TEST_F(Attack, AThousandRestartsOfIce) {
  Stranger stranger(world);
  for (int i = 0; i < 1'000; ++i) {
    stranger.send(protocol::TalkRequest{stranger.offered});
    stranger.send(protocol::Answer{"999999 0", stranger.offered});
  }
  EXPECT_LE(talker.restarts, 10);
  expect_no_harm();
}

}  // namespace
}  // namespace onair::tests
