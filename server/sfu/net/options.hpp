// The operator's options for onair-forwarder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/address.hpp"

namespace onair::sfu {

inline constexpr std::uint16_t kDefaultMediaPort = 9100;

struct ProgramOptions {
  std::uint16_t media_port = kDefaultMediaPort;  ///< UDP and TCP; 0: the system chooses
  std::vector<Address> media_addresses;          ///< to announce; empty: found by itself
  std::filesystem::path control;
  bool exit_when_idle = false;
  std::string log_level = "info";
};

/// Reads the command line, and for options that it has not the environment (ONAIR_ and the option's
/// name, as in ONAIR_MEDIA_PORT). Nothing when the program is done, as after --help; it ends with
/// `exit_code` then.
std::optional<ProgramOptions> read_options(int argc, const char* const* argv, int& exit_code);

}  // namespace onair::sfu
