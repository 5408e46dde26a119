// What an operator can set.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onair {

struct Options {
  std::string address = "0.0.0.0";
  std::uint16_t port = 9001;  ///< 0: the system chooses
  std::filesystem::path web = "build/wasm/site";
  std::string log_level = "info";

  std::string resume_secret;        ///< empty: the one in the state folder, made where missing
  std::filesystem::path state_dir;  ///< empty: see default_state_dir
  std::chrono::seconds grace{15};   ///< how long a peer that lost its socket stays a member

  std::vector<std::string> ice_servers;   ///< URLs that need no credentials (RFC 7064)
  std::vector<std::string> turn_servers;  ///< URLs (RFC 7065)
  std::string turn_secret;                ///< coturn's static-auth-secret; empty: no TURN
  std::chrono::seconds turn_ttl{3600};
  bool relay_only = false;
};

/// $STATE_DIRECTORY, as systemd sets it, else $XDG_STATE_HOME/onair, else ~/.local/state/onair.
std::filesystem::path default_state_dir();

/// Reads the command line. Nothing when all is said and done, as after --help; `exit_code` then
/// says how to end.
std::optional<Options> read_options(int argc, const char* const* argv, int& exit_code);

}  // namespace onair
