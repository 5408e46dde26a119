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
  /// `first` is a WebSocket to `url` that the page began to open, or undefined.
  SignalingSocket(const EventTarget& target, std::string url, val first);

  /// Replaces an earlier socket. False where the browser refused the address.
  bool open(session::SocketNumber number);

  void send(const std::string& frame);

  /// Nothing of that socket is heard afterwards. `leaving` tells the server that we don't come back
  /// (close code 1000).
  void close(session::SocketNumber number, bool leaving);

 private:
  /// A socket that the page opened may have opened, or failed, before anyone listened.
  void tell_if_past(const ConnectionKey& key) const;

  const EventTarget& target_;
  std::string url_;
  val first_;
  session::SocketNumber number_ = 0;
  val socket_ = val::null();
};

}  // namespace onair::browser
