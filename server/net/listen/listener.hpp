// Accepts TCP connections and shares them out among the workers.
#pragma once

#include <cstdint>
#include <string>

#include "net/http/server_context.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"

namespace onair::net {

/// Listens at once; port 0 lets the system choose. `::` stands for all addresses of IPv6 and IPv4,
/// or of IPv4 where the system has nothing else. Throws std::runtime_error with a sentence for
/// people that names `option` as the way to another port, for instance where the port is taken.
Acceptor listen(asio::io_context& context, const std::string& address, std::uint16_t port,
                const std::string& option);

class Listener {
 public:
  /// Runs on the first worker. All outlive the io_contexts' run.
  Listener(Acceptor acceptor, Workers& workers, ServerContext& server);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void start();

  /// On the first worker's thread.
  void stop();

 private:
  using Socket = asio::basic_stream_socket<tcp, Executor>;

  Task<void> accept_connections();
  void serve(Socket socket, const asio::ip::address& remote, Worker& worker);
  Task<void> pause_after(error_code error);

  Acceptor acceptor_;
  Workers& workers_;
  ServerContext& server_;
  std::chrono::milliseconds pause_{0};  ///< the last one, while nothing can be accepted
};

}  // namespace onair::net
