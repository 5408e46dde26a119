// One HTTP/1.1 connection, with or without TLS: pages, the upgrade to a WebSocket at /ws, and
// socket.io's endpoint.
#pragma once

#include "net/admission.hpp"
#include "net/aliases.hpp"
#include "net/site.hpp"
#include "net/worker.hpp"

namespace onair::net {

/// Serves requests until the connection ends or becomes a WebSocket. `stream` belongs to the
/// worker's io_context; `worker` and `site` outlive it.
Task<void> serve_connection(TcpStream stream, Admission::Place place, Worker& worker, Site& site);

}  // namespace onair::net
