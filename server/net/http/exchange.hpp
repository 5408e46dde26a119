// A request with its connection, its client and its worker.
#pragma once

#include "net/http/message.hpp"
#include "net/http/proxies.hpp"
#include "net/http/server_context.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"

namespace onair::net {

struct Exchange {
  const Request& request;
  const ClientOrigin& client;
  TcpStream& connection;  ///< what the request came over, below TLS
  Worker& worker;         ///< whose thread this is
  ServerContext& server;
};

/// True where the client came by HTTPS, to this server or to a proxy that reports it.
inline bool is_https(const Exchange& exchange) {
  const std::string& scheme = exchange.client.scheme;
  return scheme == "https" || (scheme.empty() && exchange.server.certificate);
}

}  // namespace onair::net
