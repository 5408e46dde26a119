// The operator's own port, on loopback alone: metrics and health.
#pragma once

#include <cstdint>

#include "net/aliases.hpp"
#include "net/site.hpp"
#include "net/worker.hpp"

namespace onair::net {

class Admin {
 public:
  /// Listens on 127.0.0.1 at once; port 0 lets the system choose. Throws as `listen` does. Runs on
  /// the first worker; all outlive the io_contexts' run.
  Admin(std::uint16_t port, Workers& workers, const Site& site);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void start();

 private:
  Task<void> accept_connections();
  Task<void> serve(TcpStream stream);
  Task<std::string> metrics();

  Workers& workers_;
  const Site& site_;
  Acceptor acceptor_;
};

}  // namespace onair::net
