#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <vector>

#include <spdlog/spdlog.h>

#include "commands.hpp"
#include "net/tls/lan.hpp"
#include "options.hpp"
#include "server.hpp"

namespace {

/// As a person calls this program again, for a command with this server's state.
std::string command_of(const onair::Options& options) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const bool is_in_path = program.parent_path() == "/usr/bin";
  std::string command = is_in_path || error ? "onair-server" : program.string();
  if (options.state_dir != onair::default_state_dir()) {
    command += " --state-dir " + options.state_dir.string();
  }
  return command;
}

/// Names no secret of the options: what is printed may be kept. The command signs with the one of
/// the state folder.
void print_token_hint(const onair::Options& options, const std::string& origin) {
  const bool all = options.auth == onair::net::Auth::all;
  std::cout << (all ? "Only those with a token get in:" : "Only those with a token broadcast:")
            << "\n  " << command_of(options) << " token"
            << (options.auth_public_key.empty() ? "" : " --auth-private-key KEY")
            << " --room NAME --role " << (all ? "talk|watch" : "talk") << " --url " << origin
            << "\n";
}

void print_links(const onair::Options& options, const onair::Server& server) {
  const bool secure = options.tls_self_signed || !options.tls_cert.empty();
  const auto is_ipv6 = [](const std::string& address) {
    return address.find(':') != std::string::npos;
  };
  const auto origin = [&](const std::string& host) {
    return (secure ? "https://" : "http://") + (is_ipv6(host) ? '[' + host + ']' : host) + ":" +
           std::to_string(server.port());
  };
  std::cout << "onair is on. Open in a browser:\n"
            << "  to broadcast  " << origin("localhost") << "/talk.html\n"
            << "  to watch      " << origin("localhost") << "/watch.html\n";
  const std::vector<std::string> addresses = onair::net::lan_addresses();
  for (const std::string& address : addresses) {
    // People type the shorter one.
    if (is_ipv6(address) && !is_ipv6(addresses.front())) continue;
    std::cout << "In this network: " << origin(address) << "/watch.html\n";
    if (secure) std::cout << "  to broadcast  " << origin(address) << "/talk.html\n";
  }
  if (options.tls_self_signed) {
    std::cout << "Browsers will warn that the connection is not private, since nobody vouches for "
                 "this certificate:\nchoose \"Advanced\" and go on to the page.\n";
  }
  if (options.auth != onair::net::Auth::open) print_token_hint(options, origin("localhost"));
  if (server.admin_port() != 0) {
    std::cout << "Metrics: http://127.0.0.1:" << server.admin_port() << "/metrics\n";
  }
  std::cout << "Another room: the same links with ?NAME. Stop with Ctrl-C.\n" << std::flush;
}

/// A connection is a file descriptor: as many as the system allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// A forwarder that an operator starts has options of its own.
void warn_of_options_without_effect(const onair::net::ForwarderOptions& forwarder) {
  if (forwarder.mode != onair::net::ForwarderOptions::Mode::external) return;
  const auto warn = [](const char* option) {
    spdlog::warn("event=option_without_effect option={} hint=\"set it for onair-forwarder\"",
                 option);
  };
  if (forwarder.media_port != onair::net::ForwarderOptions().media_port) warn("media-port");
  if (!forwarder.media_addresses.empty()) warn("media-address");
}

/// Each client has a credential that is made with it, by which it can try secrets offline.
void warn_of_short_turn_secret(const onair::Options& options) {
  constexpr std::size_t kEnough = 16;
  if (options.turn_servers.empty() || options.turn_secret.size() >= kEnough) return;
  spdlog::warn("event=turn_secret_is_short hint=\"clients can guess it: openssl rand -base64 24\"");
}

void serve(const onair::Options& options) {
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  raise_descriptor_limit();
  warn_of_options_without_effect(options.forwarder);
  warn_of_short_turn_secret(options);
  onair::Server server(options);
  print_links(options, server);
  server.run();
  if (server.has_failed()) {
    throw std::runtime_error("A defect ended the server: its log says event=exception.");
  }
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const auto options = onair::read_options(argc, argv, exit_code);
  if (!options) return exit_code;
  try {
    if (const auto* token = std::get_if<onair::MintToken>(&options->command)) {
      onair::mint_token(*options, *token);
    } else if (const auto* rooms = std::get_if<onair::ManageRooms>(&options->command)) {
      onair::manage_rooms(*options, *rooms);
    } else {
      serve(*options);
    }
  } catch (const std::exception& error) {
    std::cerr << "onair-server: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
