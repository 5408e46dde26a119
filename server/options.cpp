#include "options.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "config_file.hpp"
#include "environment.hpp"
#include "option_values.hpp"
#include "sfu/net/socket_address.hpp"

namespace onair {
namespace {

std::string text_of(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

/// A duration on the command line is a number of seconds, which may have a fraction.
template <typename Duration>
CLI::Option* add_seconds(CLI::App& app, const std::string& name, Duration& duration,
                         const std::string& help, double least, double most) {
  using Seconds = std::chrono::duration<double>;
  return app
      .add_option_function<double>(
          name,
          [&duration](double seconds) {
            duration = std::chrono::duration_cast<Duration>(Seconds(seconds));
          },
          help)
      ->check(CLI::Validator(
          [least, most](const std::string& value) -> std::string {
            char* end = nullptr;
            const double seconds = std::strtod(value.c_str(), &end);
            const bool is_number = end != value.c_str() && *end == '\0';
            if (is_number && seconds >= least && seconds <= most) return "";  // not nan
            return "must be a number of seconds from " + text_of(least) + " to " + text_of(most);
          },
          "in [" + text_of(least) + " - " + text_of(most) + "]"))
      ->type_name("SECONDS")
      ->default_str(text_of(Seconds(duration).count()));
}

/// An option that may be given several times, and holds several values with commas between them.
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                      const std::string& help) {
  return app.add_option(name, values, help)
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// Checks each value by a function that gives a sentence for people, or nothing.
CLI::Validator checked_by(std::string (*check)(const std::string& value), std::string type) {
  return CLI::Validator([check](const std::string& value) { return check(value); },
                        std::move(type));
}

void add_serving(CLI::App& app, Options& options) {
  app.add_option("--address", options.address,
                 "The address to listen on; :: are all of IPv6 and IPv4, 0.0.0.0 those of IPv4")
      ->check(checked_by(&mistake_in_address, "ADDRESS"));
  app.add_option("--port", options.port, "The TCP port; 0 lets the system choose");
  app.add_option("--web", options.web, "The folder with the pages and the WebAssembly client");
  app.add_option("--socketio-client", options.socketio_client,
                 "The folder with socket.io's client (dist of the npm package socket.io-client), "
                 "which pages load from /socket.io/socket.io.js");
  app.add_option("--threads", options.threads, "Threads; 0: as many as the machine has cores")
      ->check(CLI::Range(0, 1'024));
  add_list(app, "--allow-origin", options.allow_origins,
           "Pages of this origin may connect too, e.g. https://school.example; * for all")
      ->check(checked_by(&mistake_in_origin, "ORIGIN"));
  add_list(app, "--trusted-proxy", options.trusted_proxies,
           "Believe the headers X-Forwarded-For, -Host and -Proto or Forwarded of this address or "
           "network, e.g. 172.16.0.0/12; this machine is always believed");
  app.add_option("--log-level", options.log_level, "How much to log, to the standard output")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--admin-port", options.admin_port,
                 "Serve /metrics (Prometheus), /healthz, /readyz and, described by /openapi.json, "
                 "the interface to rooms on this port of 127.0.0.1; 0 lets the system choose");
  app.add_option("--admin-key", options.admin_key,
                 "Key for the admin port's room interface; without it one is kept in the state "
                 "folder");
  add_seconds(app, "--drain-timeout", options.drain_time,
              "How long to wait for clients to leave at the end (SIGTERM)", 0, 3'600);
}

void add_tls(CLI::App& app, Options& options) {
  app.add_option(
      "--tls-cert", options.tls_cert,
      "Certificate chain (PEM): HTTPS and WSS on the port, plain HTTP is redirected. Read again "
      "on SIGHUP");
  app.add_option("--tls-key", options.tls_key, "The private key of --tls-cert (PEM)");
  app.add_flag("--tls-self-signed", options.tls_self_signed,
               "HTTPS with a certificate of its own making, kept in the state folder, so that a "
               "phone in the same network can broadcast; browsers warn of it");
}

void add_auth(CLI::App& app, Options& options) {
  const std::map<std::string, net::Auth> modes = {
      {"open", net::Auth::open}, {"talk", net::Auth::talk}, {"all", net::Auth::all}};
  app.add_option(
         "--auth", options.auth,
         "Clients that need a token (JWT) for a room: none (open), talkers (talk), all (all)")
      ->transform(CLI::CheckedTransformer(modes).description(""))
      ->type_name("open|talk|all")
      ->default_str("open");
  app.add_option("--auth-secret", options.auth_secret,
                 "Tokens are signed with it (HS256); without it and a public key one is kept in "
                 "the state folder");
  app.add_option("--auth-public-key", options.auth_public_key,
                 "Tokens are signed with its private key: RSA (RS256) or P-256 (ES256); PEM")
      ->check(CLI::ExistingFile);
  add_seconds(app, "--auth-leeway", options.auth_leeway,
              "How far the clocks of token issuers may be off", 0, 3'600);
}

void add_token_command(CLI::App& app, Options& options) {
  auto* const command = app.add_subcommand(
      "token", "Mint a token for a room, and print it and the link that carries it");
  const auto token = std::make_shared<MintToken>();
  command->add_option("--room", token->room, "The room")->required();
  const std::map<std::string, protocol::Role> roles = {{"talk", protocol::Role::talk},
                                                       {"watch", protocol::Role::watch}};
  command->add_option("--role", token->role, "What its holder may do")
      ->required()
      ->transform(CLI::CheckedTransformer(roles).description(""))
      ->type_name("talk|watch");
  const std::map<std::string, double> units = {{"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};
  const auto ttl = std::make_shared<double>(3'600);
  command->add_option("--ttl", *ttl, "How long it holds, e.g. 90m, 2h or 7d")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME"))
      ->default_str("1h");
  command->add_option("--name", token->name, "What its holder is called")->default_str("");
  command->add_option("--url", token->url,
                      "Where the server is reached, e.g. https://onair.example; without it on this "
                      "machine");
  command
      ->add_option("--auth-private-key", token->private_key,
                   "Sign with this key (PEM) and not with the secret")
      ->check(CLI::ExistingFile);
  command->callback([&options, token, ttl] {
    token->ttl = std::chrono::seconds(static_cast<long>(std::clamp(*ttl, 0.0, 1e9)));
    options.command = *token;
  });
}

void add_rooms_command(CLI::App& app, Options& options) {
  auto* const command = app.add_subcommand(
      "rooms",
      "Show the rooms of the server on this machine, or who is in one; needs --admin-port");
  const auto rooms = std::make_shared<ManageRooms>();
  command->add_option("room", rooms->room, "Show who is in this room");
  const auto end = std::make_shared<bool>(false);
  command->add_flag("--end", *end, "End the room for everyone");
  command->add_option("--remove", rooms->peer, "Send the peer with this id away")
      ->excludes("--end");
  command->callback([&options, rooms, end] {
    if (*end) rooms->action = ManageRooms::Action::end;
    if (!rooms->peer.empty()) rooms->action = ManageRooms::Action::remove;
    options.command = *rooms;
  });
}

void add_peers(CLI::App& app, Options& options) {
  app.add_option("--state-dir", options.state_dir,
                 "Where secrets live; without it $STATE_DIRECTORY, $XDG_STATE_HOME/onair or "
                 "~/.local/state/onair");
  app.add_option("--resume-secret", options.resume_secret,
                 "Signs resume tokens; without it one is kept in the state folder. The same on "
                 "every machine that serves a room");
  add_seconds(app, "--grace", options.grace, "How long a peer who lost its connection stays", 0,
              3'600);
  add_list(app, "--ice-server", options.ice_servers, "A STUN server, e.g. stun:stun.example.org")
      ->check(checked_by(&mistake_in_stun_url, "URL"));
  add_list(app, "--turn-server", options.turn_servers,
           "A TURN server, e.g. turn:turn.example.org:3478?transport=udp")
      ->check(checked_by(&mistake_in_turn_url, "URL"));
  app.add_option("--turn-secret", options.turn_secret,
                 "coturn's static-auth-secret, by which each client gets credentials of its own");
  add_seconds(app, "--turn-ttl", options.turn_ttl, "How long these credentials hold", 60, 86'400);
  app.add_flag("--relay-only", options.relay_only,
               "Clients use TURN alone: shows whether the TURN server works");
}

void add_forwarder(CLI::App& app, Options& options) {
  net::ForwarderOptions& forwarder = options.forwarder;
  app.add_option_function<std::string>(
         "--forwarder",
         [&forwarder](const std::string& value) {
           using Mode = net::ForwarderOptions::Mode;
           forwarder.mode = value == "auto"  ? Mode::automatic
                            : value == "off" ? Mode::off
                                             : Mode::external;
           forwarder.socket = forwarder.mode == Mode::external ? value : "";
         },
         "The program onair-forwarder, which serves WHIP and WHEP: auto starts the one beside this "
         "program, off does without, the path of a control socket uses one that an operator starts")
      ->check(checked_by(&mistake_in_forwarder, "auto|off|SOCKET"))
      ->default_str("auto");
  app.add_option(
         "--forward", forwarder.forward,
         "When a browser's broadcast goes through the forwarder: auto where the broadcaster's "
         "uplink or processor carries no more viewers, always, never, or from so many viewers on")
      ->check(checked_by(&mistake_in_forward, "auto|always|never|N"));
  app.add_option("--media-port", forwarder.media_port,
                 "The forwarder's UDP port, and TCP port for those without UDP; 0 lets the system "
                 "choose");
  add_list(app, "--media-address", forwarder.media_addresses,
           "An IPv4 or IPv6 address at which browsers reach the media port, e.g. the public one of "
           "a router that passes it on; without it, those of this machine")
      ->check(checked_by(&sfu::mistake_in_media_address, "ADDRESS"));
}

void add_cluster(CLI::App& app, Options& options) {
  net::NatsOptions& nats = options.cluster.nats;
  app.add_option("--bus", nats.servers,
                 "Joins this server with those of other machines by NATS, e.g. "
                 "nats://a:4222,nats://b:4222; without it, it is alone")
      ->check(checked_by(&mistake_in_bus_urls, "URL,..."));
  app.add_option("--bus-prefix", options.cluster.prefix,
                 "Prefix of the cluster's subjects; several clusters may share one NATS")
      ->check(CLI::Validator(
          [](const std::string& prefix) {
            return prefix.empty() || prefix.find_first_of(" .*>\t") != std::string::npos
                       ? "must be a word without dots, * and >"
                       : "";
          },
          "WORD"));
  app.add_option("--bus-user", nats.user, "The user at NATS");
  app.add_option("--bus-password", nats.password, "Its password");
  app.add_option("--bus-token", nats.token, "A token instead of a user");
  app.add_option("--bus-creds", nats.credentials, "A file of credentials, as nsc makes it");
  app.add_option("--bus-ca", nats.ca, "Who vouches for NATS (PEM), with tls:// URLs");
  app.add_option("--bus-cert", nats.certificate, "Our certificate for NATS (PEM)");
  app.add_option("--bus-key", nats.key, "The private key of --bus-cert (PEM)");
}

void add_bounds(CLI::App& app, Options& options) {
  net::Limits& limits = options.limits;
  rooms::HubLimits& rooms = options.room_limits;
  const CLI::Range positive(1, 1'000'000'000);
  app.add_option("--max-frame-bytes", limits.frame_bytes,
                 "The longest message of a client; after a longer one it is closed (1009)")
      ->check(CLI::Range(1'024, 16'777'216));
  app.add_option("--max-frames-per-second", rooms.rates.frames_per_second,
                 "Messages of one client; it is warned, then closed (1008)")
      ->check(positive);
  app.add_option("--max-bytes-per-second", rooms.rates.bytes_per_second,
                 "Bytes of one client; it is warned, then closed (1008)")
      ->check(positive);
  add_seconds(app, "--burst", rooms.rates.burst, "How much of both may come at once", 0.1, 3'600);
  app.add_option("--max-send-queue-bytes", limits.send_queue_bytes,
                 "What may wait for a client that reads slowly; then it is closed (1013)")
      ->check(CLI::Range(65'536, 1'073'741'824));
  app.add_option(
         "--max-queue-bytes", limits.queue_bytes,
         "The same of all clients together; then those for which more than an equal part of it "
         "waits are closed (1013)")
      ->check(CLI::Range(1'048'576, 1'073'741'824));
  app.add_option("--max-input-bytes", limits.input_bytes,
                 "What may have come of messages and bodies that are not whole yet, of all clients "
                 "together; then those with much are closed (1013) or get 503")
      ->check(CLI::Range(1'048'576, 1'073'741'824));
  app.add_option("--max-peers-per-room", rooms.peers_per_room,
                 "Members of a room; one more gets room_full")
      ->check(positive);
  app.add_option("--max-kept-frames", rooms.kept_frames,
                 "Frames buffered for a member that is away, until it is back");
  app.add_option("--max-kept-bytes", rooms.kept_bytes,
                 "Bytes buffered for all members that are away");
  app.add_option("--talkers-per-room", rooms.talkers_per_room,
                 "Talkers of a room; one more gets room_taken. Viewers see each of them")
      ->check(CLI::Range(1, 9));
  app.add_option("--max-rooms", rooms.rooms,
                 "Rooms of one thread; a client that would make one more gets too_many_rooms")
      ->check(positive);
  app.add_option("--max-peers-per-address", limits.peers_per_address,
                 "Clients from one address (IPv6: /64); one more gets 429. From a trusted proxy "
                 "the address that it names counts")
      ->check(positive);
  app.add_option("--max-encoders-per-address", limits.encoders_per_address,
                 "Encoders (WHIP), and pages that use the forwarder, from one address (IPv6: /64); "
                 "beyond it a silent one is replaced, else 429")
      ->check(positive);
  app.add_option("--max-connections-per-address", limits.connections_per_address,
                 "TCP connections from one address (IPv6: /64) that is no trusted proxy; one more "
                 "gets 503 (with TLS: closed)")
      ->check(positive);
  app.add_option("--max-connections", limits.connections,
                 "TCP connections; one more gets 503 (with TLS: closed)")
      ->check(positive);
  app.add_option("--max-header-bytes", limits.header_bytes, "An HTTP header; a longer one gets 431")
      ->check(CLI::Range(256, 1'048'576));
  add_seconds(app, "--handshake-timeout", limits.handshake_time,
              "Until the first request has come, and from then until `enter`; then it is closed",
              0.1, 3'600);
  add_seconds(app, "--idle-timeout", limits.idle_time,
              "Silence after which a client is gone; it is pinged after half of it", 0.2, 3'600);
  add_seconds(app, "--max-accept-pause", limits.accept_pause,
              "The longest pause while no connection can be accepted", 0.01, 60);
}

/// Drops blanks around each value, as a file of --config can't hold them: those after the commas of
/// a list, or the newline at the end of a secret that a container's variable has from a file.
void trim_values(CLI::App& app) {
  const CLI::Validator trims(
      [](std::string& value) {
        constexpr std::string_view blank = " \t\r\n";
        value.erase(0, std::min(value.find_first_not_of(blank), value.size()));
        value.erase(value.find_last_not_of(blank) + 1);
        return std::string();
      },
      "");
  for (CLI::Option* option : app.get_options()) {
    option->transform(trims);  // before the checks that it has
  }
}

/// Refuses numbers that the library would read as octal or hexadecimal.
void demand_decimal_numbers(CLI::App& app) {
  const CLI::Validator is_decimal(
      [](const std::string& value) -> std::string {
        const bool has_prefix = value.size() > 1 && value.front() == '0';
        return has_prefix ? value + " must be a decimal number without leading zeros" : "";
      },
      "");
  for (CLI::Option* option : app.get_options()) {
    if (option->get_type_name().starts_with("UINT")) option->check(is_decimal);
  }
}

/// "--max-rooms" is ONAIR_MAX_ROOMS in the environment. --help and --version have no variable, and
/// that of --config is read before (with_config_of_environment).
void add_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || !option->get_configurable()) continue;
    std::string name = "ONAIR_" + option->get_lnames().front();
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
      return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    option->envname(name);
  }
  ignore_kubernetes(app);
}

/// The arguments with the file of ONAIR_CONFIG before those of the command line, whose last one
/// counts. CLI11 reads the file before the environment, and would overlook the variable.
std::vector<std::string> with_config_of_environment(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
  const char* const file = std::getenv("ONAIR_CONFIG");
  if (file != nullptr && *file != '\0' && !arguments.empty()) {
    arguments.insert(arguments.begin() + 1, "--config=" + std::string(file));
  }
  return arguments;
}

/// Finds options that would have no effect: a server that overlooks them is open, or alone, where
/// its operator thinks otherwise. Gives a sentence for people.
std::optional<std::string> idle_option_in(const Options& options) {
  const bool has_keys = !options.auth_secret.empty() || !options.auth_public_key.empty();
  if (has_keys && options.auth == net::Auth::open) {
    return "--auth-secret and --auth-public-key need --auth talk or --auth all: without it "
           "everybody may broadcast.";
  }
  const net::NatsOptions& nats = options.cluster.nats;
  const bool has_bus_options = !nats.user.empty() || !nats.password.empty() ||
                               !nats.token.empty() || !nats.credentials.empty() ||
                               !nats.ca.empty() || !nats.certificate.empty() || !nats.key.empty();
  if (has_bus_options && nats.servers.empty()) {
    return "Options that begin with --bus- need --bus: without it the server is alone.";
  }
  if (!nats.password.empty() && nats.user.empty()) {
    return "--bus-password needs --bus-user: give both.";
  }
  if (nats.certificate.empty() != nats.key.empty()) {
    return "--bus-cert and --bus-key go together: give both.";
  }
  const bool forwards = options.forwarder.forward != "auto" && options.forwarder.forward != "never";
  if (forwards && options.forwarder.mode == net::ForwarderOptions::Mode::off) {
    return "--forward " + options.forwarder.forward +
           " and --forwarder off exclude each other: choose one.";
  }
  return std::nullopt;
}

/// Finds options that contradict each other. Gives a sentence for people.
std::optional<std::string> contradiction_in(const Options& options) {
  if (options.turn_servers.empty() != options.turn_secret.empty()) {
    return "--turn-server and --turn-secret go together: give both.";
  }
  if (options.relay_only && options.turn_servers.empty()) {
    return "--relay-only needs --turn-server: no picture would come.";
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return "--tls-cert and --tls-key go together: give both.";
  }
  if (options.tls_self_signed && !options.tls_cert.empty()) {
    return "--tls-self-signed and --tls-cert exclude each other: choose one.";
  }
  if (const auto* rooms = std::get_if<ManageRooms>(&options.command)) {
    if (!options.admin_port.value_or(0)) {
      return "rooms needs the --admin-port of the running server.";
    }
    if (rooms->action != ManageRooms::Action::list && rooms->room.empty()) {
      return "--end and --remove need the name of a room.";
    }
  }
  // The other commands use the server's file, and of it what they need.
  return std::holds_alternative<Serve>(options.command) ? idle_option_in(options) : std::nullopt;
}

}  // namespace

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
  CLI::App app(
      "onair-server: one broadcaster's voice and picture to everyone in the room.\n"
      "Serves the pages and relays the messages by which browsers connect.",
      "onair-server");
  app.option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", ONAIR_VERSION);
  app.config_formatter(std::make_shared<LineConfig>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_config("--config", "", "Read options from this file, a line each: max-rooms=100")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.option_defaults()->group("Serving");
  add_serving(app, options);
  app.option_defaults()->group("TLS");
  add_tls(app, options);
  app.option_defaults()->group("Peers");
  add_peers(app, options);
  add_cluster(app, options);
  app.option_defaults()->group("Media");
  add_forwarder(app, options);
  app.option_defaults()->group("Tokens");
  add_auth(app, options);
  app.option_defaults()->group("Bounds");
  add_bounds(app, options);
  trim_values(app);
  demand_decimal_numbers(app);
  add_environment(app);
  app.option_defaults()->group("Options");
  app.fallthrough()->require_subcommand(0, 1);
  add_token_command(app, options);
  add_rooms_command(app, options);
  app.footer(
      "Each option of the server can also be set in the environment, as in ONAIR_MAX_ROOMS=100.\n"
      "The command line counts most, then the file of --config, then the environment.");
  const std::vector<std::string> given = with_config_of_environment(argc, argv);
  std::vector<const char*> arguments;
  for (const std::string& argument : given) arguments.push_back(argument.c_str());
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    read_rest_of_environment(app);
  } catch (const CLI::Success& asked) {
    exit_code = app.exit(asked);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::cerr << "onair-server: " << error.what() << " (--help lists the options)\n";
    exit_code = EXIT_FAILURE;
    return std::nullopt;
  }
  if (const auto contradiction = contradiction_in(options)) {
    std::cerr << "onair-server: " << *contradiction << "\n";
    exit_code = EXIT_FAILURE;
    return std::nullopt;
  }
  if (options.state_dir.empty()) options.state_dir = default_state_dir();
  return options;
}

}  // namespace onair
