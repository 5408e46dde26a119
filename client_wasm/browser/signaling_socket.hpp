// The browser's WebSocket (WHATWG WebSockets), one at a time.
#pragma once

#include <string>

#include "browser/events.hpp"
#include "session/signaling.hpp"

namespace onair::browser {

class SignalingSocket {
 public:
  /// `target` hears socket_opened, socket_closed and socket_message with the socket's number as
  /// the generation.
  SignalingSocket(const EventTarget& target, std::string url);

  /// Replaces an earlier socket. False where the browser refused the address.
  bool open(session::SocketNumber number);

  void send(const std::string& frame);

  /// Nothing of that socket is heard afterwards.
  void close(session::SocketNumber number);

 private:
  const EventTarget& target_;
  std::string url_;
  session::SocketNumber number_ = 0;
  val socket_ = val::null();
};

}  // namespace onair::browser
