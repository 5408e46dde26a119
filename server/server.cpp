#include "server.hpp"

#include <chrono>
#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "net/crypto.hpp"
#include "net/ice_servers.hpp"
#include "net/state_secret.hpp"

namespace onair {
namespace {

constexpr std::size_t kPeerIdBytes = 12;
constexpr std::chrono::hours kResumeLifetime{12};

std::string resume_secret(const Options& options) {
  if (!options.resume_secret.empty()) return options.resume_secret;
  return net::state_secret(options.state_dir, "resume-secret");
}

relay::HubOptions hub_options(const Options& options, net::SignedResumeTokens& tokens) {
  net::IceOptions ice{options.ice_servers, options.turn_servers, options.turn_secret,
                      options.turn_ttl};
  return {
      .make_id = [] { return net::random_hex(kPeerIdBytes); },
      .resume_tokens = tokens,
      .ice_servers =
          [ice = std::move(ice)](const protocol::PeerId& peer) {
            return net::ice_servers_for(ice, peer, std::chrono::system_clock::now());
          },
      .relay_only = options.relay_only,
      .grace = options.grace,
  };
}

}  // namespace

Server::Server(const Options& options)
    : files_(net::StaticFiles::read(options.web)),
      tokens_(resume_secret(options), kResumeLifetime),
      hub_(context_, hub_options(options, tokens_)),
      listener_(context_, options.address, options.port, hub_, files_) {}

void Server::run() {
  boost::asio::signal_set signals(context_, SIGINT, SIGTERM);
  signals.async_wait([this](const boost::system::error_code&, int) { stop(); });
  listener_.start();
  context_.run();
}

}  // namespace onair
