#include "net/loop/paced_queue.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

TEST(PacedQueue, LetsOthersRunBetweenAnyTwoOfItsFunctions) {
  asio::io_context context{1};
  PacedQueue queue(context, {});
  std::string ran;
  for (int i = 0; i < 3; ++i) queue.later([&] { ran += 'p'; });
  // As a connection does that is always ready.
  struct Other {
    void operator()() const {
      ran += 'o';
      if (ran.size() < 6) asio::post(context, *this);
    }
    asio::io_context& context;
    std::string& ran;
  };
  asio::post(context, Other{context, ran});
  context.run();
  EXPECT_EQ(ran, "popopo");
}

TEST(PacedQueue, RunsAllThatHaveTimeInOneTick) {
  asio::io_context context{1};
  PacedQueue queue(context, std::chrono::minutes(1));
  std::string ran;
  for (int i = 0; i < 3; ++i) queue.later([&] { ran += 'p'; });
  asio::post(context, [&] { ran += 'o'; });
  context.run();
  EXPECT_EQ(ran, "pppo");
}

TEST(PacedQueue, RunsWhatIsAddedWhileItRunsAndAfterItWasEmpty) {
  asio::io_context context{1};
  PacedQueue queue(context, {});
  std::vector<int> ran;
  queue.later([&] {
    ran.push_back(1);
    asio::post(queue.executor(), [&] { ran.push_back(2); });
  });
  context.run();
  queue.later([&] { ran.push_back(3); });
  context.restart();
  context.run();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
}

TEST(PacedQueue, GoesOnAfterAFunctionThatThrows) {
  asio::io_context context{1};
  PacedQueue queue(context, {});
  bool ran = false;
  queue.later([] { throw 7; });
  queue.later([&] { ran = true; });
  EXPECT_THROW(context.run(), int);
  context.restart();
  context.run();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace onair::net
