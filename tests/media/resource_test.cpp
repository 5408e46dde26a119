#include "media/resource.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace onair::media {
namespace {

std::optional<Target> target(std::string_view path) {
  const auto found = target_of(path);
  if (!found || !std::holds_alternative<Target>(*found)) return std::nullopt;
  return std::get<Target>(*found);
}

TEST(MediaResource, PathsNameRoomsAndResources) {
  EXPECT_EQ(target("/whip/lesson")->room, "lesson");
  EXPECT_EQ(target("/whip/lesson")->standard, Standard::whip);
  EXPECT_FALSE(target("/whip/lesson")->resource);
  EXPECT_EQ(target("/whep/a%2Fb/0123")->room, "a/b");
  EXPECT_EQ(target("/whep/a%2Fb/0123")->resource, "0123");
  EXPECT_EQ(target("/whep")->room, protocol::kDefaultRoom);
  EXPECT_EQ(target("/whep/")->room, protocol::kDefaultRoom);
  EXPECT_FALSE(target("/whep/lesson/")->resource);
  for (const char* path : {"", "/", "/whop/a", "whip/a", "/whip/a/b/c", "/whip/%zz", "/whip/%00"}) {
    EXPECT_FALSE(target(path)) << path;
  }
}

TEST(MediaResource, PathsAreReadAsTheyAreWritten) {
  const Target written{Standard::whep, "教室/1 %?", "0123"};
  const auto read = target(path_of(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->room, written.room);
  EXPECT_EQ(read->resource, written.resource);
}

TEST(MediaResource, NoRoomIsCalledAsAFolderIs) {
  for (const std::string_view path : {"/whip/.", "/whep/..", "/whip/%2e%2E", "/whip/../0123"}) {
    const auto read = target_of(path);
    ASSERT_TRUE(read) << path;
    EXPECT_TRUE(std::holds_alternative<protocol::Refusal>(*read)) << path;
  }
  EXPECT_TRUE(target("/whip/..."));
}

TEST(MediaResource, RecognisesIceLite) {
  EXPECT_TRUE(is_ice_lite("v=0\r\na=ice-lite\r\nm=audio 9\r\n"));
  EXPECT_TRUE(is_ice_lite("v=0\na=ice-lite"));
  EXPECT_FALSE(is_ice_lite("v=0\r\ns=a=ice-lite\r\na=ice-lites\r\n"));
  EXPECT_FALSE(is_ice_lite(""));
}

TEST(MediaResource, RecognisesRestartsByUfragAndPassword) {
  const IceSession session{"\"tag\"", "old"};
  const auto judge = [&](std::string_view if_match, std::string_view fragment) {
    return judge_patch(session, if_match, fragment);
  };
  const std::string candidate = "a=ice-ufrag:old\na=ice-pwd:p\na=candidate:1\n";
  const std::string anew = "a=mid:0\r\na=ice-ufrag:new\r\na=ice-pwd:p\r\n";
  EXPECT_EQ(judge("", candidate), Patch::trickle);
  EXPECT_EQ(judge("*", candidate), Patch::trickle);
  EXPECT_EQ(judge("\"x\", \"tag\"", candidate), Patch::trickle);
  EXPECT_EQ(judge("W/\"tag\"", candidate), Patch::trickle);
  EXPECT_EQ(judge("\"x\"", candidate), Patch::stale);
  EXPECT_EQ(judge("", "a=candidate:1"), Patch::trickle);
  EXPECT_EQ(judge("", "a=end-of-candidates"), Patch::trickle);
  EXPECT_EQ(judge("*", anew), Patch::restart);
  EXPECT_EQ(judge("\"tag\"", anew), Patch::restart);
  EXPECT_EQ(judge("\"*\"", anew), Patch::restart);
  EXPECT_EQ(judge("\"x\"", anew), Patch::stale);
  EXPECT_EQ(judge("", anew), Patch::precondition_missing);
  EXPECT_EQ(judge("*", ""), Patch::bad_fragment);
  EXPECT_EQ(judge("*", "\xff a=candidate:1"), Patch::bad_fragment);
}

TEST(MediaResource, SdpBeginsWithItsVersion) {
  EXPECT_TRUE(may_be_sdp("v=0\r\n"));
  EXPECT_FALSE(may_be_sdp(""));
  EXPECT_FALSE(may_be_sdp("{}"));
  EXPECT_FALSE(may_be_sdp("v=0\xff"));
  EXPECT_FALSE(may_be_sdp(std::string_view("v=0\0", 4)));
}

}  // namespace
}  // namespace onair::media
