#include "net/socketio/session_owner.hpp"

#include <gtest/gtest.h>

namespace onair::net {
namespace {

using socketio::Revision;

TEST(SessionOwner, ASecretSidNeedsNoCookie) {
  SessionOwner owner(Revision::v4, {"203.0.113.7", ""});
  EXPECT_EQ(owner.new_cookie(), "");
  EXPECT_TRUE(owner.sends({"203.0.113.8", ""}));
  const std::string other(2 * kSessionCookieBytes, '0');
  EXPECT_TRUE(owner.sends({"203.0.113.9", other})) << "of a session of revision 3 in this browser";
  EXPECT_TRUE(owner.sends({"203.0.113.8", ""})) << "no cookie has become the client's";
}

TEST(SessionOwner, WithoutACookieTheAddressCounts) {
  SessionOwner owner(Revision::v3, {"203.0.113.7", ""});
  EXPECT_EQ(owner.new_cookie().size(), 2 * kSessionCookieBytes);
  EXPECT_TRUE(owner.sends({"203.0.113.7", ""}));
  EXPECT_FALSE(owner.sends({"203.0.113.8", ""}));
}

TEST(SessionOwner, OnceTheCookieWasShownNothingElseCounts) {
  SessionOwner owner(Revision::v3, {"203.0.113.7", ""});
  const std::string cookie = owner.new_cookie();
  EXPECT_TRUE(owner.sends({"203.0.113.8", cookie}));
  EXPECT_EQ(owner.new_cookie(), "");
  EXPECT_FALSE(owner.sends({"203.0.113.7", ""}));
}

TEST(SessionOwner, ACookieThatTheBrowserHasServesAgain) {
  const std::string cookie(2 * kSessionCookieBytes, 'a');
  SessionOwner owner(Revision::v3, {"203.0.113.7", cookie});
  EXPECT_EQ(owner.new_cookie(), "");
  EXPECT_TRUE(owner.sends({"203.0.113.9", cookie}));
  EXPECT_FALSE(owner.sends({"203.0.113.7", ""}));
}

}  // namespace
}  // namespace onair::net
