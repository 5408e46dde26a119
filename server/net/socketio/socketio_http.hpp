// socket.io's endpoint over HTTP (Engine.IO 3 and 4): handshake, long-polling, and whether a
// WebSocket may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "net/http/exchange.hpp"
#include "net/http/message.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/limits.hpp"
#include "net/socketio/socketio_session.hpp"

namespace onair::net {

/// The longest body of a POST, in bytes.
std::size_t most_payload_bytes(const Limits& limits);

/// Why the payload behind this header is not to be read: there is no such session. Else nothing.
Task<std::optional<Response>> refuse_payload(const Exchange& exchange);

/// Answers a request that asks for no WebSocket, a poll when there is something to answer it with.
Task<Response> answer_socketio(const Exchange& exchange);

/// A session that begins on a WebSocket.
using NewSession = std::shared_ptr<SocketioSession>;

/// A session to which a WebSocket may come, by this number.
struct KnownSession {
  Remote<SocketioSession> session;
  std::uint32_t number;
};

/// For whom the WebSocket is that a request asks for, or why it can't be.
Task<std::variant<Response, NewSession, KnownSession>> session_for_websocket(
    const Exchange& exchange);

}  // namespace onair::net
