// The keeper of the forwarder with a real process: the program around a core that echoes
// (tests/sfu/echo_forwarder.cpp).
#include "net/media/forwarder_process.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace onair::net {
namespace {

namespace fs = std::filesystem;

TEST(RestartPause, IsNoneAtFirstAndGrowsWithShortLives) {
  using namespace std::chrono_literals;
  RestartPause pause;
  for (const auto expected : {0ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 30'000ms}) {
    EXPECT_EQ(pause.after(200ms), expected);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pause.after(10s), 30s);
  EXPECT_EQ(pause.after(11s), 0ms) << "it worked for a while";
  EXPECT_EQ(pause.after(200ms), 1s);
}

class ForwarderProcessTest : public testing::Test {
 protected:
  ForwarderProcessTest() {
    std::string name = (fs::temp_directory_path() / "onair-keeper-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = name;
    keeper = make();
  }
  ~ForwarderProcessTest() override {
    keeper->end();
    // The program removes its socket at its end.
    EXPECT_TRUE(run_until([this] { return !fs::exists(socket()); }));
    keeper.reset();
    fs::remove_all(folder);
  }

  std::unique_ptr<ForwarderProcess> make() {
    ForwarderOptions options;
    options.media_port = 0;
    options.media_addresses = {"127.0.0.1"};
    return std::make_unique<ForwarderProcess>(context, options, "warn", ONAIR_ECHO_FORWARDER,
                                              socket());
  }
  fs::path socket() const { return folder / "forwarder.sock"; }

  /// False when it has not happened within 20 s.
  bool run_until(const std::function<bool()>& has_happened) {
    using namespace std::chrono_literals;
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!has_happened() && std::chrono::steady_clock::now() < end) {
      context.restart();
      context.run_for(5ms);
    }
    return has_happened();
  }
  /// Its process listens.
  bool is_up() {
    return run_until([this] { return keeper->is_up(); });
  }

  boost::asio::io_context context;
  fs::path folder;
  std::unique_ptr<ForwarderProcess> keeper;
};

TEST_F(ForwarderProcessTest, StartsOne) {
  keeper->start();
  ASSERT_TRUE(is_up());
  EXPECT_GT(keeper->pid(), 0);
  EXPECT_NE(getsid(keeper->pid()), getsid(0)) << "Ctrl-C in our terminal does not reach it";
}

TEST_F(ForwarderProcessTest, OneThatDiesIsStartedAgain) {
  keeper->start();
  ASSERT_TRUE(is_up());
  const pid_t first = keeper->pid();
  ASSERT_EQ(kill(first, SIGKILL), 0);
  ASSERT_TRUE(run_until([&] { return keeper->pid() != first && keeper->is_up(); }));
}

TEST_F(ForwarderProcessTest, TheNextServerFindsTheOneOfTheLast) {
  keeper->start();
  ASSERT_TRUE(is_up());
  const pid_t first = keeper->pid();
  keeper = make();  // as after kill -9 of a server: nobody called `end`
  EXPECT_EQ(kill(first, 0), 0);
  keeper->start();
  ASSERT_TRUE(is_up());
  EXPECT_EQ(keeper->pid(), first);
  // It is kept as one of its own is.
  ASSERT_EQ(kill(first, SIGKILL), 0);
  ASSERT_TRUE(run_until([&] { return keeper->pid() != first && keeper->is_up(); }));
}

TEST_F(ForwarderProcessTest, OursReplacesOneThatWasFound) {
  keeper->start();
  ASSERT_TRUE(is_up());
  const pid_t first = keeper->pid();
  EXPECT_FALSE(keeper->replace()) << "the next one would be the same";
  keeper = make();
  keeper->start();
  ASSERT_TRUE(is_up());
  ASSERT_EQ(keeper->pid(), first);
  EXPECT_TRUE(keeper->replace());
  ASSERT_TRUE(run_until([&] { return keeper->pid() != first && keeper->is_up(); }));
  EXPECT_FALSE(keeper->replace());
}

TEST_F(ForwarderProcessTest, ItHoldsNoneOfOurDescriptors) {
  int ends[2];
  // Its ends are not closed on exec.
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  keeper->start();
  ASSERT_TRUE(is_up());
  close(ends[1]);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 0) << "nobody else has the other end";
  close(ends[0]);
}

TEST_F(ForwarderProcessTest, ItHasNoneOfOurSecrets) {
  setenv("ONAIR_AUTH_SECRET", "secret", 1);
  keeper->start();
  unsetenv("ONAIR_AUTH_SECRET");
  ASSERT_TRUE(is_up());
  std::ifstream file("/proc/" + std::to_string(keeper->pid()) + "/environ");
  const std::string environment{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(environment.empty());
  EXPECT_EQ(environment.find("ONAIR_"), std::string::npos);
}

}  // namespace
}  // namespace onair::net
