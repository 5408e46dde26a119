// The server as a whole: pages, hub and listener on one thread.
#pragma once

#include <cstdint>

#include <boost/asio/io_context.hpp>

#include "net/hub_runner.hpp"
#include "net/listener.hpp"
#include "net/signed_resume_tokens.hpp"
#include "net/static_files.hpp"
#include "options.hpp"

namespace onair {

class Server {
 public:
  /// Reads the pages and listens. Throws std::runtime_error with a sentence for people.
  explicit Server(const Options& options);

  std::uint16_t port() const { return listener_.port(); }

  /// Serves on this thread until `stop`, or a SIGINT or SIGTERM.
  void run();

  /// From any thread.
  void stop() { context_.stop(); }

 private:
  boost::asio::io_context context_{1};
  net::StaticFiles files_;
  net::SignedResumeTokens tokens_;
  net::HubRunner hub_;
  net::Listener listener_;
};

}  // namespace onair
