// What an operator can set.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace onair {

struct Options {
  std::string address = "0.0.0.0";
  std::uint16_t port = 9001;  ///< 0: the system chooses
  std::filesystem::path web = "build/wasm/site";
  std::string log_level = "info";
};

/// Reads the command line. Nothing when all is said and done, as after --help; `exit_code` then
/// says how to end.
std::optional<Options> read_options(int argc, const char* const* argv, int& exit_code);

}  // namespace onair
