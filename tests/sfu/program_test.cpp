#include "sfu/net/program.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/echo_core.hpp"

namespace onair::sfu {
namespace {

namespace fs = std::filesystem;

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    std::string name = (fs::temp_directory_path() / "onair-program-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = name;
    options.media_port = 0;
    options.control = folder / "control.sock";
  }
  ~ProgramTest() override { fs::remove_all(folder); }

  fs::path folder;
  ProgramOptions options;
};

TEST_F(ProgramTest, SigtermEndsItAndRemovesTheSocket) {
  {
    Program<tests::EchoCore> program(options);
    EXPECT_TRUE(fs::exists(options.control));
    ASSERT_EQ(raise(SIGTERM), 0);
    program.run();
  }
  EXPECT_FALSE(fs::exists(options.control));
}

struct Read {
  std::optional<ProgramOptions> options;
  int exit_code = 0;
  std::string error;
};

Read read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "onair-forwarder");
  Read result;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.options =
      read_options(static_cast<int>(arguments.size()), arguments.data(), result.exit_code);
  testing::internal::GetCapturedStdout();
  result.error = testing::internal::GetCapturedStderr();
  return result;
}

TEST(ForwarderOptions, AreReadFromTheCommandLineAndTheEnvironment) {
  setenv("ONAIR_MEDIA_ADDRESS", "192.0.2.1,2001:db8::1", 1);
  setenv("ONAIR_MEDIA_PORT", "1", 1);
  const Read result = read({"--control", "/a", "--media-port", "9200", "--exit-when-idle"});
  unsetenv("ONAIR_MEDIA_ADDRESS");
  unsetenv("ONAIR_MEDIA_PORT");
  ASSERT_TRUE(result.options) << result.error;
  EXPECT_EQ(result.options->control, "/a");
  EXPECT_EQ(result.options->media_port, 9200);
  EXPECT_TRUE(result.options->exit_when_idle);
  EXPECT_EQ(result.options->media_addresses.size(), 2u);
  const Read defaults = read({"--control", "/a"});
  EXPECT_EQ(defaults.options.value().media_port, kDefaultMediaPort);
  EXPECT_FALSE(defaults.options.value().exit_when_idle);
  EXPECT_TRUE(defaults.options.value().media_addresses.empty());
}

TEST(ForwarderOptions, AWrongOneEndsWithOneLine) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{},
                                             {"--control", "/a", "--media-port", "70000"},
                                             {"--control", "/a", "--media-address", "0.0.0.0"},
                                             {"--control", "/a", "--media-address", "example.org"},
                                             {"--control", "/a", "--log-level", "loud"},
                                             {"--control", "/a", "--prot"}}) {
    const Read result = read(arguments);
    EXPECT_FALSE(result.options);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_EQ(std::ranges::count(result.error, '\n'), 1) << result.error;
    EXPECT_TRUE(result.error.starts_with("onair-forwarder: ")) << result.error;
  }
}

}  // namespace
}  // namespace onair::sfu
