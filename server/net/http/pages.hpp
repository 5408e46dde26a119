// Answers to requests for pages and for what belongs to them.
#pragma once

#include "net/http/exchange.hpp"
#include "net/http/message.hpp"
#include "net/http/server_context.hpp"

namespace onair::net {

/// A file of --web.
Response page(const Exchange& exchange);

/// `/qr.svg?LINK`: a code of a link. Making one costs milliseconds, so that each client may have a
/// few a second.
Response qr_code(const Exchange& exchange);

/// `/addresses`: by which others in its network reach this machine, one a line, IPv4 first.
/// A studio that is open at localhost makes its link for viewers of them. Only for a browser on
/// this machine: a stranger need not know its network.
Response addresses(const Exchange& exchange);

/// `/socket.io/socket.io.js` and its like: scripts of socket.io's client.
Response socketio_script(const Exchange& exchange);

/// `/healthz`: the process serves.
Response health(const Exchange& exchange);

/// `/readyz`: whether new clients are welcome, and whether other machines are out of reach.
Response readiness_of(const Exchange& exchange);
Response readiness(const ServerContext& server);

/// For who came without TLS to a server that has it: the same over HTTPS.
Response redirect_to_https(const Request& request);

}  // namespace onair::net
