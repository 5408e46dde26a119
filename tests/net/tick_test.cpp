#include "net/loop/tick.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "net/loop/run_guarded.hpp"

namespace onair::net {
namespace {

class TickTest : public testing::Test {
 protected:
  TickTest() { spdlog::set_level(spdlog::level::off); }
  ~TickTest() override { spdlog::set_level(spdlog::level::info); }

  asio::io_context context;
  Tick tick{context};
  std::vector<std::string> done;
  int exceptions = 0;
};

TEST_F(TickTest, WhatIsPutOffRunsBeforeRunReturns) {
  tick.run([this] {
    tick.later([this] { done.push_back("later"); });
    tick.run([this] { done.push_back("within"); });
    done.push_back("first");
  });
  EXPECT_EQ(done, (std::vector<std::string>{"within", "first", "later"}));
}

TEST_F(TickTest, AHandlerThatThrowsEndsNeitherTheThreadNorTheTick) {
  asio::post(context, [this] {
    tick.run([this] {
      tick.later([this] { done.push_back("put off before"); });
      throw std::runtime_error("a defect");
    });
  });
  asio::post(context, [] { throw 7; });
  asio::post(context, [this] { tick.run([this] { done.push_back("after"); }); });
  run_guarded(context, [this] { ++exceptions; });
  EXPECT_EQ(exceptions, 2);
  EXPECT_EQ(done, (std::vector<std::string>{"after", "put off before"}));
}

TEST_F(TickTest, ACoroutineThatThrowsEndsItsConnectionOrCountsAsAHandler) {
  const auto throws = []() -> Task<void> {
    throw std::runtime_error("a defect");
    co_return;
  };
  asio::co_spawn(context, throws, end_of_connection);
  run_guarded(context, [this] { ++exceptions; });
  EXPECT_EQ(exceptions, 0);
  context.restart();
  asio::co_spawn(context, throws, end_of_service);
  run_guarded(context, [this] { ++exceptions; });
  EXPECT_EQ(exceptions, 1);
}

}  // namespace
}  // namespace onair::net
