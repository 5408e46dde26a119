// The operator's own port, on loopback alone: metrics, health, and the interface to rooms and
// peers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/admin/admin_api.hpp"
#include "net/http/server_context.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"
#include "sfu/control/control.hpp"

namespace onair::net {

class Admin {
 public:
  /// Listens on 127.0.0.1 at once; port 0 lets the system choose. Who has `key` may see rooms and
  /// end them. Throws as `listen` does. Runs on the first worker; all outlive the io_contexts' run.
  Admin(std::uint16_t port, std::string key, Workers& workers, const ServerContext& server);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void start();

 private:
  using Request = beast::http::request<beast::http::string_body>;
  using Response = beast::http::response<beast::http::string_body>;

  Task<void> accept_connections();
  Task<void> serve(TcpStream stream);
  Task<Response> answer(const Request& request);
  /// Asks the forwarder for its figures; nothing where there is none, or it does not answer.
  Task<std::optional<sfu::control::Report>> ask_forwarder();
  Task<Response> answer_api(const Request& request, const ApiPath& path);
  Task<Response> show(const ApiPath& path);
  Task<Response> remove(const ApiPath& path);
  bool is_authorized(const Request& request) const;

  std::string key_;
  Workers& workers_;
  const ServerContext& server_;
  Acceptor acceptor_;
};

}  // namespace onair::net
