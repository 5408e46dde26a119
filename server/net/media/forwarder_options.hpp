// The operator's options for the forwarder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace onair::net {

struct ForwarderOptions {
  enum class Mode {
    automatic,  ///< start one beside this program, or use the living one of the state folder
    off,
    external,  ///< an operator starts it, and names its socket
  };
  Mode mode = Mode::automatic;
  std::filesystem::path socket;  ///< of `external`
  // For one that the server starts:
  std::uint16_t media_port = 9100;           ///< UDP and TCP; 0: the system chooses
  std::vector<std::string> media_addresses;  ///< to announce; empty: those of this machine
  /// When viewers of browsers' broadcasts move to it: "auto", "always", "never", or the number of
  /// viewers from which on they do.
  std::string forward = "auto";
};

}  // namespace onair::net
