// An HTTP/1.1 connection, with or without TLS, until it ends or becomes a WebSocket.
#pragma once

#include "net/http/server_context.hpp"
#include "net/loop/admission.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"

namespace onair::net {

/// Serves requests by their routes. `stream` belongs to the worker's io_context, and comes from
/// `remote`; `worker` and `server` outlive it.
Task<void> serve_connection(TcpStream stream, asio::ip::address remote, Admission::Slot slot,
                            Worker& worker, ServerContext& server);

}  // namespace onair::net
