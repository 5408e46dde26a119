// One HTTP/1.1 connection: static files, or the upgrade to a WebSocket at /ws.
#pragma once

#include "net/aliases.hpp"
#include "net/hub_runner.hpp"
#include "net/static_files.hpp"

namespace onair::net {

/// Serves requests until the connection ends or becomes a WebSocket. `hub` and `files` outlive it.
Task<void> serve_http(TcpStream stream, HubRunner& hub, const StaticFiles& files);

}  // namespace onair::net
