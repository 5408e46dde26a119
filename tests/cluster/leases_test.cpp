#include "cluster/leases.hpp"

#include <gtest/gtest.h>

namespace onair::cluster {
namespace {

using rooms::TalkerInfo;
using std::chrono::seconds;

const Claimant kAnna{"lesson", "anna"};
const std::vector<TalkerInfo> kTalkers = {{.id = "anna"}};

/// Counts what is asked of it; the test gives the answers.
class Store final : public LeaseStore {
 public:
  void create(const Claimant&, const std::string&, const std::string&) override { ++asked; }
  void update(const Claimant&, const std::string&, const std::string&, std::uint64_t) override {
    ++asked;
  }
  void release(const std::string&, std::uint64_t) override {}
  int asked = 0;
};

class LeasesTest : public testing::Test {
 protected:
  TimePoint now{seconds(100)};
  Store store;
  Leases leases{{.process = "p1"}, store, [](const Claimant&) {}};
};

TEST_F(LeasesTest, RenewsInTime) {
  leases.set_talkers("lesson", kTalkers);
  EXPECT_EQ(store.asked, 1);
  EXPECT_EQ(leases.next_deadline(), std::nullopt) << "an answer is awaited";
  leases.granted(kAnna, 1, now);
  leases.advance(now + rooms::kLeaseRenewal);
  EXPECT_EQ(store.asked, 2);
}

TEST_F(LeasesTest, AnAnswerToAnEarlierLifeOfALeaseLeavesNothingBehind) {
  leases.set_talkers("lesson", kTalkers);
  leases.set_talkers("lesson", {});
  leases.set_talkers("lesson", kTalkers);
  leases.granted(kAnna, 1, now);               // to what was asked at first
  leases.granted(kAnna, 2, now + seconds(1));  // and again
  leases.set_talkers("lesson", {});
  EXPECT_EQ(leases.next_deadline(), std::nullopt);
  leases.advance(now + seconds(60));
  EXPECT_EQ(store.asked, 2);
}

}  // namespace
}  // namespace onair::cluster
