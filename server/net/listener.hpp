// Accepts TCP connections.
#pragma once

#include <cstdint>
#include <string>

#include "net/aliases.hpp"
#include "net/hub_runner.hpp"
#include "net/static_files.hpp"

namespace onair::net {

class Listener {
 public:
  /// Listens at once; port 0 lets the system choose. Throws std::runtime_error with a sentence for
  /// people, for instance where the port is taken. `hub` and `files` outlive the io_context's run.
  Listener(asio::io_context& context, const std::string& address, std::uint16_t port,
           HubRunner& hub, const StaticFiles& files);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void start();

 private:
  Task<void> accept_connections();

  asio::io_context& context_;
  Acceptor acceptor_;
  HubRunner& hub_;
  const StaticFiles& files_;
};

}  // namespace onair::net
