#include "net/auth/signed_resume_tokens.hpp"

#include <gtest/gtest.h>

namespace onair::net {
namespace {

using protocol::Role;
using std::chrono::seconds;
using std::chrono::system_clock;

class SignedResumeTokensTest : public testing::Test {
 protected:
  SignedResumeTokens::WallClock clock() {
    return [this] { return now; };
  }

  system_clock::time_point now{seconds(1'790'000'000)};
  SignedResumeTokens tokens{"secret", seconds(60), clock()};
  const std::string token = tokens.issue({"5f0c", "lesson", Role::watch});
};

TEST_F(SignedResumeTokensTest, GivesTheIdBack) {
  EXPECT_EQ(tokens.redeem(token, "lesson", Role::watch)->id, "5f0c");
  SignedResumeTokens elsewhere("secret", seconds(60), clock());
  EXPECT_EQ(elsewhere.redeem(token, "lesson", Role::watch)->id, "5f0c") << "no storage is needed";
}

TEST_F(SignedResumeTokensTest, RefusesAnotherRoomRoleOrSecret) {
  EXPECT_FALSE(tokens.redeem(token, "another", Role::watch).has_value());
  EXPECT_FALSE(tokens.redeem(token, "lesson", Role::talk).has_value());
  SignedResumeTokens stranger("guess", seconds(60), clock());
  EXPECT_FALSE(stranger.redeem(token, "lesson", Role::watch).has_value());
}

TEST_F(SignedResumeTokensTest, RefusesWhatIsExpired) {
  now += seconds(59);
  EXPECT_TRUE(tokens.redeem(token, "lesson", Role::watch).has_value());
  now += seconds(1);
  EXPECT_FALSE(tokens.redeem(token, "lesson", Role::watch).has_value());
}

TEST_F(SignedResumeTokensTest, RefusesEveryChangeOfOneCharacter) {
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(tokens.redeem(forged, "lesson", Role::watch).has_value()) << forged;
  }
  EXPECT_FALSE(tokens.redeem("", "lesson", Role::watch).has_value());
  EXPECT_FALSE(tokens.redeem("1.5f0c.", "lesson", Role::watch).has_value());
  EXPECT_FALSE(tokens.redeem(token + ".", "lesson", Role::watch).has_value());
}

}  // namespace
}  // namespace onair::net
