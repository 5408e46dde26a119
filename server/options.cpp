#include "options.hpp"

#include <CLI/CLI.hpp>

namespace onair {

std::optional<Options> read_options(int argc, const char* const* argv, int& exit_code) {
  Options options;
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace onair
