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
  void release(const std::string&, std::uint64_t revision) override {
    released.push_back(revision);
  }
  int asked = 0;
  std::vector<std::uint64_t> released;
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
  EXPECT_EQ(store.asked, 1) << "the first answer serves it";
  leases.granted(kAnna, 1, now);
  leases.granted(kAnna, 2, now + seconds(1));  // nobody asked
  leases.set_talkers("lesson", {});
  EXPECT_EQ(leases.next_deadline(), std::nullopt);
  leases.advance(now + seconds(60));
  EXPECT_EQ(store.asked, 1);
  EXPECT_EQ(store.released, std::vector<std::uint64_t>{2});
}

TEST_F(LeasesTest, ATalkerThatLeavesBeforeTheAnswerReleasesItsLease) {
  leases.set_talkers("lesson", kTalkers);
  leases.set_talkers("lesson", {});
  EXPECT_EQ(store.released, std::vector<std::uint64_t>{}) << "nobody knows the revision yet";
  leases.granted(kAnna, 1, now);
  EXPECT_EQ(store.released, std::vector<std::uint64_t>{1});

  leases.set_talkers("lesson", kTalkers);
  leases.granted(kAnna, 3, now);
  leases.advance(now + rooms::kLeaseRenewal);
  leases.set_talkers("lesson", {});
  leases.granted(kAnna, 4, now + rooms::kLeaseRenewal);
  EXPECT_EQ(store.released, (std::vector<std::uint64_t>{1, 4})) << "the new revision";
  EXPECT_EQ(leases.next_deadline(), std::nullopt);

  for (const bool is_refused : {true, false}) {
    leases.set_talkers("lesson", kTalkers);
    leases.set_talkers("lesson", {});
    if (is_refused) {
      leases.refused(kAnna, R"({"talker":"berta"})", 7, now);
    } else {
      leases.unavailable(kAnna, now);
    }
    EXPECT_EQ(leases.next_deadline(), std::nullopt);
  }
  EXPECT_EQ(store.released.size(), 2u);
}

}  // namespace
}  // namespace onair::cluster
