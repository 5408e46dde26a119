// What an operator can set of onair-forwarder.
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

/// Reads the command line, then for what it does not say the environment (ONAIR_ and the option's
/// name, as in ONAIR_MEDIA_PORT). Nothing when all is said and done, as after --help; `exit_code`
/// then says how to end.
std::optional<ProgramOptions> read_options(int argc, const char* const* argv, int& exit_code);

}  // namespace onair::sfu
