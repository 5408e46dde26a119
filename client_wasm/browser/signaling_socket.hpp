// The browser's WebSocket (WHATWG WebSockets), one at a time.
#pragma once

#include <string>

#include "browser/events.hpp"
#include "session/link/signaling.hpp"

namespace onair::browser {

class SignalingSocket {
 public:
  /// `target` receives socket_opened, socket_closed and socket_message tagged with the
  /// socket's number. `first` is a WebSocket to `url` that the page has started to open, or
  /// undefined.
  SignalingSocket(const EventTarget& target, std::string url, val first);

  /// Replaces an earlier socket. False if the browser rejected the address.
  bool open(session::SocketNumber number);

  void send(const std::string& frame);

  /// Emits no further events of that socket. `leaving` tells the server that we won't return (close
  /// code 1000).
  void close(session::SocketNumber number, bool leaving);

 private:
  /// Emits the event of a socket that opened or failed before the handlers were set.
  void report_missed_event(SocketTag tag) const;

  const EventTarget& target_;
  std::string url_;
  val first_;
  session::SocketNumber number_ = 0;
  val socket_ = val::null();
};

}  // namespace onair::browser
