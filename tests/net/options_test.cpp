#include "options.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace onair {
namespace {

struct Read {
  std::optional<Options> options;
  int exit_code = 0;
  std::string out;
  std::string error;
};

Read read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "onair-server");
  Read result;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.options =
      read_options(static_cast<int>(arguments.size()), arguments.data(), result.exit_code);
  result.out = testing::internal::GetCapturedStdout();
  result.error = testing::internal::GetCapturedStderr();
  return result;
}

TEST(ReadOptions, HasDefaults) {
  const Options options = read({}).options.value();
  EXPECT_EQ(options.address, "::");
  EXPECT_EQ(options.port, 9001);
  EXPECT_EQ(options.threads, 0u);
  EXPECT_EQ(options.limits.send_queue_bytes, 1'048'576u);
  EXPECT_EQ(options.limits.idle_time, std::chrono::seconds(30));
  EXPECT_EQ(options.admin_port, std::nullopt);
}

TEST(ReadOptions, TakesThemFromTheCommandLine) {
  const Options options =
      read({"--port", "0", "--idle-timeout", "1.5", "--max-rooms=7", "--allow-origin", "https://a",
            "--allow-origin", "https://b", "--admin-port", "9101", "--burst", "2"})
          .options.value();
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.limits.idle_time, std::chrono::milliseconds(1'500));
  EXPECT_EQ(options.room_limits.rooms, 7u);
  EXPECT_EQ(options.allow_origins, (std::vector<std::string>{"https://a", "https://b"}));
  EXPECT_EQ(options.admin_port, 9101);
  EXPECT_EQ(options.room_limits.rates.burst.count(), 2);
}

TEST(ReadOptions, TheCommandLineCountsMoreThanTheFileAndThatMoreThanTheEnvironment) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("onair-options-" + std::to_string(getpid()) + ".conf");
  std::ofstream(file) << "# of a test\naddress=::1\nmax-rooms=2\nmax-connections=2\n";
  setenv("ONAIR_MAX_ROOMS", "3", 1);
  setenv("ONAIR_MAX_CONNECTIONS", "3", 1);
  setenv("ONAIR_MAX_HEADER_BYTES", "333", 1);
  const Read result = read({"--config", file.c_str(), "--max-rooms", "1"});
  unsetenv("ONAIR_MAX_ROOMS");
  unsetenv("ONAIR_MAX_CONNECTIONS");
  unsetenv("ONAIR_MAX_HEADER_BYTES");
  std::filesystem::remove(file);
  const Options options = result.options.value();
  EXPECT_EQ(options.address, "::1");
  EXPECT_EQ(options.room_limits.rooms, 1u);
  EXPECT_EQ(options.limits.connections, 2u);
  EXPECT_EQ(options.limits.header_bytes, 333u);
}

TEST(ReadOptions, AWrongOneEndsWithOneLine) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--prot", "1"},
           {"--port", "x"},
           {"--port", "70000"},
           {"--max-rooms", "0"},
           {"--idle-timeout", "-1"},
           {"--log-level", "loud"},
           {"--config", "/nowhere"},
           {"--turn-secret", "x"},
           {"--tls-cert", "x"},
           {"--tls-self-signed", "--tls-cert", "x", "--tls-key", "y"}}) {
    const Read result = read(arguments);
    EXPECT_FALSE(result.options) << arguments[0];
    EXPECT_NE(result.exit_code, 0) << arguments[0];
    EXPECT_EQ(std::ranges::count(result.error, '\n'), 1) << result.error;
    EXPECT_TRUE(result.error.starts_with("onair-server: ")) << result.error;
  }
}

TEST(ReadOptions, HelpNamesEveryBoundAndItsDefault) {
  const Read result = read({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* option :
       {"--max-frame-bytes", "--max-frames-per-second", "--max-bytes-per-second", "--burst",
        "--max-send-queue-bytes", "--max-kept-frames", "--max-kept-bytes", "--max-peers-per-room",
        "--max-rooms", "--max-peers-per-address", "--max-connections", "--max-header-bytes",
        "--handshake-timeout", "--idle-timeout", "--max-accept-pause"}) {
    const std::size_t at = result.out.find(option);
    ASSERT_NE(at, std::string::npos) << option;
    EXPECT_NE(result.out.find('[', at), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace onair
