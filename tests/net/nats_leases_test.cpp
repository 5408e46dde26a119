// The order in which requests of the leases are made, without NATS. nats_bus_test.cpp has one.
#include "net/nats/nats_leases.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace onair::net {
namespace {

using Lines = std::vector<std::string>;

class Answers final : public cluster::LeaseMember {
 public:
  void granted(const cluster::Claimant&, std::uint64_t, rooms::TimePoint) override {
    lines.emplace_back("granted");
  }
  void refused(const cluster::Claimant&, std::string_view, std::uint64_t,
               rooms::TimePoint) override {
    lines.emplace_back("refused");
  }
  void unavailable(const cluster::Claimant& claimant, rooms::TimePoint) override {
    lines.push_back("unavailable " + claimant.room);
  }
  void postponed(const cluster::Claimant& claimant, rooms::TimePoint) override {
    lines.push_back("postponed " + claimant.room);
  }

  Lines lines;
};

class NatsLeasesTest : public testing::Test {
 protected:
  /// `connection` is called once for each request; the first one waits for go_on().
  void start(std::function<NatsConnection()> connection = [] { return NatsConnection(); }) {
    leases.start(
        [this, connection = std::move(connection)] {
          if (!std::exchange(has_begun, true)) gate.get_future().wait();
          return connection();
        },
        context, answers);
  }
  void create(const std::string& room) { leases.create({room, "t"}, room + ".0", "{}"); }
  /// The answers once `count` have come.
  Lines answers_of(std::size_t count) {
    context.restart();
    while (answers.lines.size() < count) context.run_one();
    return std::exchange(answers.lines, {});
  }

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  Answers answers;
  std::promise<void> gate;
  bool has_begun = false;
  NatsLeases leases{"bucket", cluster::kLeaseLifetime};
};

TEST_F(NatsLeasesTest, RenewalsComeFirst) {
  start();
  create("begun");
  create("first");
  leases.update({"talks", "t"}, "talks.0", "{}", 1);
  gate.set_value();
  // Which of the two creates the thread had begun with is its own affair.
  const Lines came = answers_of(3);
  EXPECT_EQ(came.back(), "unavailable first");
  EXPECT_EQ((std::set<std::string>(came.begin(), came.end() - 1)),
            (std::set<std::string>{"unavailable begun", "unavailable talks"}));
}

TEST_F(NatsLeasesTest, MoreThanMayWaitArePostponed) {
  start();
  for (std::size_t i = 0; i < NatsLeases::kMostWaiting + 2; ++i) create("room");
  const Lines at_once = answers_of(1);
  EXPECT_EQ(at_once, Lines{"postponed room"});
  leases.update({"talks", "t"}, "talks.0", "{}", 1);
  gate.set_value();
  const Lines came = answers_of(NatsLeases::kMostWaiting + 2);
  EXPECT_GE(std::count(came.begin(), came.end(), "unavailable room"),
            static_cast<std::ptrdiff_t>(NatsLeases::kMostWaiting));
  EXPECT_EQ(std::count(came.begin(), came.begin() + 3, "unavailable talks"), 1);
}

TEST_F(NatsLeasesTest, ARequestThatThrowsIsReportedAsUnavailable) {
  start([]() -> NatsConnection { throw std::runtime_error("as the test wants"); });
  gate.set_value();
  create("lesson");
  EXPECT_EQ(answers_of(1), Lines{"unavailable lesson"});
}

}  // namespace
}  // namespace onair::net
