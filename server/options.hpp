// The operator's options.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/auth/entry_tokens.hpp"
#include "net/loop/limits.hpp"
#include "net/media/forwarder_options.hpp"
#include "net/nats/cluster_node.hpp"
#include "rooms/hub.hpp"

namespace onair {

/// The commands of the program.
struct Serve {};

/// Mint a token for a room, and print it with the link.
struct MintToken {
  std::string room;
  protocol::Role role = protocol::Role::watch;
  std::chrono::seconds ttl{3600};
  std::string name;
  std::string url;  ///< where the server is reached; empty: on this machine
  std::filesystem::path private_key;
};

/// Ask the running server for its rooms, or have it end one or send a peer away.
struct ManageRooms {
  enum class Action { list, end, remove };
  Action action = Action::list;
  std::string room;  ///< empty: all of them
  std::string peer;
};

struct Options {
  std::variant<Serve, MintToken, ManageRooms> command;

  std::string address = "::";  ///< see net::listen
  std::uint16_t port = 9001;   ///< 0: the system chooses
  std::filesystem::path web = "build/wasm/site";
  std::filesystem::path socketio_client;  ///< empty: the system's, if there is one
  std::uint32_t threads = 0;              ///< 0: as many as the machine has cores
  std::vector<std::string> allow_origins;
  std::vector<std::string> trusted_proxies;  ///< addresses and CIDR blocks beside loopback
  std::string log_level = "info";
  std::optional<std::uint16_t> admin_port;  ///< on loopback; nothing: none
  std::string admin_key;                    ///< empty: the one in the state folder
  std::chrono::milliseconds drain_time{10'000};

  std::filesystem::path tls_cert;  ///< PEM; empty: no TLS
  std::filesystem::path tls_key;
  bool tls_self_signed = false;

  net::Auth auth = net::Auth::open;
  std::string auth_secret;  ///< empty without a public key: the one in the state folder
  std::filesystem::path auth_public_key;  ///< PEM
  std::chrono::seconds auth_leeway{5};

  std::string resume_secret;        ///< empty: the one in the state folder, made where missing
  std::filesystem::path state_dir;  ///< empty: see default_state_dir
  std::chrono::milliseconds grace{15'000};  ///< how long a peer that lost its socket stays

  std::vector<std::string> ice_servers;   ///< URLs that need no credentials (RFC 7064)
  std::vector<std::string> turn_servers;  ///< URLs (RFC 7065)
  std::string turn_secret;                ///< coturn's static-auth-secret; empty: no TURN
  std::chrono::seconds turn_ttl{3600};
  bool relay_only = false;

  net::ForwarderOptions forwarder;

  net::ClusterOptions cluster;

  net::Limits limits;
  rooms::HubLimits room_limits;
};

/// $STATE_DIRECTORY, as systemd sets it, else $XDG_STATE_HOME/onair, else ~/.local/state/onair.
std::filesystem::path default_state_dir();

/// Reads the command line, for options that it has not the file of --config, and then the
/// environment (ONAIR_ and the option's name, as in ONAIR_MAX_ROOMS). Nothing when the program is
/// done, as after --help; it ends with `exit_code` then.
std::optional<Options> read_options(int argc, const char* const* argv, int& exit_code);

}  // namespace onair
