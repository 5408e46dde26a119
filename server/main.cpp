// Wires the server together.
#include <cstdlib>
#include <exception>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "net/crypto.hpp"
#include "net/hub_runner.hpp"
#include "net/listener.hpp"
#include "net/signed_resume_tokens.hpp"
#include "net/static_files.hpp"
#include "options.hpp"

namespace {

constexpr std::size_t kPeerIdRandomBytes = 12;
constexpr std::chrono::hours kResumeLifetime{12};

void print_links(std::uint16_t port) {
  const std::string origin = "http://localhost:" + std::to_string(port);
  std::cout << "onair is on. Open in a browser:\n"
            << "  to broadcast  " << origin << "/talk.html\n"
            << "  to watch      " << origin << "/watch.html\n"
            << "Another room: the same links with ?NAME. Stop with Ctrl-C." << std::endl;
}

void serve(const onair::Options& options) {
  using namespace onair;
  boost::asio::io_context context(1);
  const net::StaticFiles files = net::StaticFiles::read(options.web);
  net::SignedResumeTokens tokens(net::random_hex(32), kResumeLifetime);
  net::HubRunner hub(
      context, {
                   .make_id = [] { return net::random_hex(kPeerIdRandomBytes); },
                   .resume_tokens = tokens,
                   .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
               });
  net::Listener listener(context, options.address, options.port, hub, files);
  listener.start();
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  print_links(listener.port());
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const auto options = onair::read_options(argc, argv, exit_code);
  if (!options) return exit_code;
  spdlog::set_level(spdlog::level::from_str(options->log_level));
  try {
    serve(*options);
  } catch (const std::exception& error) {
    std::cerr << "onair-server: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
