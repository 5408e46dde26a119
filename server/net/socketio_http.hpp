// socket.io's endpoint over HTTP (Engine.IO 3 and 4): handshake, long-polling, and whether a
// WebSocket may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

#include "net/admission.hpp"
#include "net/aliases.hpp"
#include "net/http_answer.hpp"
#include "net/site.hpp"
#include "net/socketio_session.hpp"
#include "net/worker.hpp"

namespace onair::net {

/// Whether this is for the endpoint, `/socket.io/`. The client's script, below it, is a page.
bool is_socketio_request(const Request& request);

/// The longest body that this request may have.
std::size_t most_body_bytes(const Request& request, const Limits& limits);

/// Answers a request that asks for no WebSocket, a poll when there is something to answer it with.
/// `connection` is where it came from.
Task<Response> answer_socketio(const Request& request, TcpStream& connection, Worker& here,
                               Site& site);

/// A session that begins on a WebSocket.
using NewSession = std::shared_ptr<SocketioSession>;

/// A session to which a WebSocket may come, by this number.
struct KnownSession {
  Remote<SocketioSession> session;
  std::uint32_t number;
};

/// For whom the WebSocket is that this request asks for, or why it can't be.
Task<std::variant<Response, NewSession, KnownSession>> session_for_websocket(const Request& request,
                                                                             TcpStream& connection,
                                                                             Worker& here,
                                                                             Site& site);

}  // namespace onair::net
