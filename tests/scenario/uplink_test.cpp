// The talker's uplink, shared by its viewers.

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;

TEST(Uplink, IsSharedAnewWhenViewersComeAndGo) {
  World world;
  session::TalkOptions options;
  options.uplink.cores = 2;
  Talker& talker = world.add_talker(options);
  talker.start_video();
  Watcher& first = world.add_watcher();
  world.settle();
  const session::ConnectionKey key = talker.session.connections().keys().at(0);
  const session::SendLimits alone = talker.limits.at(key);
  EXPECT_EQ(talker.session.view().uplink_bps, alone.max_bitrate_bps);

  std::vector<Watcher*> crowd;
  while (crowd.size() < 7) crowd.push_back(&world.add_watcher());
  world.settle();
  EXPECT_EQ(talker.session.view().viewers, 8u);
  EXPECT_GT(talker.limits.at(key).scale_resolution_down_by, alone.scale_resolution_down_by);
  EXPECT_LT(talker.limits.at(key).max_bitrate_bps, alone.max_bitrate_bps);
  for (const session::ConnectionKey& each : talker.session.connections().keys()) {
    EXPECT_EQ(talker.limits.at(each), talker.limits.at(key)) << "all get the same";
  }

  Watcher& late = world.add_watcher();
  world.settle();
  EXPECT_EQ(late.picture(), Picture::full) << "rather than everyone's picture breaks";

  for (Watcher* watcher : crowd) watcher->leave();
  world.settle();
  EXPECT_EQ(talker.limits.at(key), alone);
  EXPECT_EQ(first.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(Uplink, AnEncoderThatIsTooSlowMakesThePictureSmaller) {
  World world;
  session::TalkOptions options;
  options.uplink.cores = 2;
  Talker& talker = world.add_talker(options);
  talker.start_video();
  world.add_watcher();
  world.add_watcher();
  world.settle();
  const session::ConnectionKey key = talker.session.connections().keys().at(0);
  EXPECT_EQ(talker.limits.at(key).scale_resolution_down_by, 1.0);
  talker.encoder.limited_by_cpu = true;
  world.pass(4 * session::kMeasureInterval);
  EXPECT_GT(talker.limits.at(key).scale_resolution_down_by, 1.0);
  world.expect_empty_after_all_left();
}

}  // namespace
}  // namespace onair::tests
