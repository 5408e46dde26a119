#include "sfu/net/options.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "environment.hpp"
#include "sfu/net/socket_address.hpp"

namespace onair::sfu {
namespace {

void add_options(CLI::App& app, ProgramOptions& options, std::vector<std::string>& addresses) {
  app.add_option("--media-port", options.media_port,
                 "The port of all media, of UDP and for those without UDP of TCP; 0 lets the "
                 "system choose")
      ->envname("ONAIR_MEDIA_PORT");
  app.add_option("--media-address", addresses,
                 "An IPv4 or IPv6 address at which peers reach the port, e.g. the public one of a "
                 "router that passes it on; several with commas. Without it, those of this machine")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::Validator(&mistake_in_media_address, "ADDRESS"))
      ->envname("ONAIR_MEDIA_ADDRESS");
  app.add_option("--control", options.control,
                 "The Unix socket by which onair-server controls this program")
      ->required()
      ->envname("ONAIR_CONTROL");
  app.add_flag("--exit-when-idle", options.exit_when_idle,
               "End when no server has been connected for 60 s and there is no peer, or after 10 "
               "minutes without a server: for a forwarder that a server starts")
      ->envname("ONAIR_EXIT_WHEN_IDLE");
  app.add_option("--log-level", options.log_level, "How much to log, to the standard output")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->envname("ONAIR_LOG_LEVEL");
}

}  // namespace

std::optional<ProgramOptions> read_options(int argc, const char* const* argv, int& exit_code) {
  ProgramOptions options;
  std::vector<std::string> addresses;
  CLI::App app(
      "onair-forwarder: forwards each broadcaster's packets to all viewers of a room.\n"
      "onair-server starts and controls it.",
      "onair-forwarder");
  app.option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", ONAIR_VERSION);
  add_options(app, options, addresses);
  app.footer("Each option can also be set in the environment, as in ONAIR_MEDIA_PORT=9100.");
  ignore_kubernetes(app);
  try {
    app.parse(argc, argv);
    read_rest_of_environment(app);
  } catch (const CLI::Success& asked) {
    exit_code = app.exit(asked);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::cerr << "onair-forwarder: " << error.what() << " (--help lists the options)\n";
    exit_code = EXIT_FAILURE;
    return std::nullopt;
  }
  for (const std::string& text : addresses) {
    if (const auto address = parse_ip(text)) options.media_addresses.push_back(*address);
  }
  return options;
}

}  // namespace onair::sfu
