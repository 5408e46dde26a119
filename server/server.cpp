#include "server.hpp"

#include <chrono>
#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "net/crypto.hpp"

namespace onair {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kPeerIdBytes = 12;
constexpr std::chrono::hours kResumeLifetime{12};

relay::HubOptions hub_options(net::SignedResumeTokens& tokens) {
  return {
      .make_id = [] { return net::random_hex(kPeerIdBytes); },
      .resume_tokens = tokens,
      .ice_servers = [](const protocol::PeerId&) { return std::vector<protocol::IceServer>{}; },
  };
}

}  // namespace

Server::Server(const Options& options)
    : files_(net::StaticFiles::read(options.web)),
      tokens_(net::random_hex(kSecretBytes), kResumeLifetime),
      hub_(context_, hub_options(tokens_)),
      listener_(context_, options.address, options.port, hub_, files_) {}

void Server::run() {
  boost::asio::signal_set signals(context_, SIGINT, SIGTERM);
  signals.async_wait([this](const boost::system::error_code&, int) { stop(); });
  listener_.start();
  context_.run();
}

}  // namespace onair
