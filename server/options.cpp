#include "options.hpp"

#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

namespace onair {

std::filesystem::path default_state_dir() {
  // NOLINTBEGIN(concurrency-mt-unsafe): read before any thread starts
  if (const char* state = std::getenv("STATE_DIRECTORY")) return state;
  if (const char* state = std::getenv("XDG_STATE_HOME"))
    return std::filesystem::path(state) / "onair";
  if (const char* home = std::getenv("HOME"))
    return std::filesystem::path(home) / ".local/state/onair";
  // NOLINTEND(concurrency-mt-unsafe)
  return "/var/lib/onair";
}

std::optional<Options> read_options(int argc, const char* const* argv, int& exit_code) {
  Options options;
  std::int64_t grace = options.grace.count();
  std::int64_t turn_ttl = options.turn_ttl.count();
  CLI::App app(
      "onair-server: one broadcaster's voice and picture to everyone in the room.\n"
      "Serves the pages and relays what browsers tell each other to connect.");
  app.option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--address", options.address, "The address to listen on");
  app.add_option("--port", options.port, "The TCP port; 0 lets the system choose");
  app.add_option("--web", options.web, "The folder with the pages and the WebAssembly client");
  app.add_option("--log-level", options.log_level, "How much to log")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));

  app.add_option("--state-dir", options.state_dir,
                 "Where secrets live; without it $STATE_DIRECTORY, $XDG_STATE_HOME/onair or "
                 "~/.local/state/onair");
  app.add_option(
         "--resume-secret", options.resume_secret,
         "Signs resume tokens; without it one is kept in the state folder. The same on every "
         "machine that serves a room")
      ->envname("ONAIR_RESUME_SECRET");
  app.add_option("--grace", grace, "Seconds that a peer who lost its connection may stay away")
      ->check(CLI::Range(0, 3600));

  app.add_option("--ice-server", options.ice_servers, "A STUN server, e.g. stun:stun.example.org")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--turn-server", options.turn_servers,
                 "A TURN server, e.g. turn:turn.example.org:3478?transport=udp")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--turn-secret", options.turn_secret,
                 "coturn's static-auth-secret, by which each client gets credentials of its own")
      ->envname("ONAIR_TURN_SECRET");
  app.add_option("--turn-ttl", turn_ttl, "Seconds that these credentials hold")
      ->check(CLI::Range(60, 86'400));
  app.add_flag("--relay-only", options.relay_only,
               "Clients use TURN alone: shows whether the TURN server works");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error);
    return std::nullopt;
  }
  options.grace = std::chrono::seconds(grace);
  options.turn_ttl = std::chrono::seconds(turn_ttl);
  if (options.state_dir.empty()) options.state_dir = default_state_dir();
  if (options.turn_servers.empty() != options.turn_secret.empty()) {
    std::cerr << "onair-server: --turn-server and --turn-secret go together: give both.\n";
    exit_code = EXIT_FAILURE;
    return std::nullopt;
  }
  return options;
}

}  // namespace onair
