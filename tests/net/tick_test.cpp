#include "net/loop/tick.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "net/loop/run_guarded.hpp"

namespace onair::net {
namespace {

struct Output final : Flushable {
  explicit Output(std::function<void()> its_function) : function(std::move(its_function)) {}
  void flush() override { function(); }
  std::function<void()> function;
};

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

TEST_F(TickTest, AnOutputThatThrowsHoldsNoOtherUp) {
  tick.flush_at_end(std::make_shared<Output>([] { throw std::runtime_error("a defect"); }));
  tick.flush_at_end(std::make_shared<Output>([this] { done.push_back("behind it"); }));
  run_guarded(context, [this] { ++exceptions; });
  context.restart();
  tick.flush_at_end(std::make_shared<Output>([this] { done.push_back("after"); }));
  run_guarded(context, [this] { ++exceptions; });
  EXPECT_EQ(exceptions, 1);
  EXPECT_EQ(done, (std::vector<std::string>{"behind it", "after"}));
}

TEST_F(TickTest, ClearForgetsTheOutputsBehindOneThatThrew) {
  auto output = std::make_shared<Output>([] {});
  const std::weak_ptr<Output> is_held = output;
  tick.flush_at_end(std::make_shared<Output>([] { throw std::runtime_error("a defect"); }));
  tick.flush_at_end(std::move(output));
  run_guarded(context, [this] { ++exceptions; });
  EXPECT_EQ(exceptions, 1);
  tick.clear();
  EXPECT_TRUE(is_held.expired());
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
