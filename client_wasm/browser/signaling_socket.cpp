#include "browser/signaling_socket.hpp"

#include <utility>

#include "browser/javascript.hpp"

namespace onair::browser {

SignalingSocket::SignalingSocket(const EventTarget& target, std::string url)
    : target_(target), url_(std::move(url)) {}

bool SignalingSocket::open(session::SocketNumber number) {
  close(number_);
  const Outcome made = attempt_new("WebSocket", {val(url_)});
  if (!made.ok) return false;
  socket_ = made.value;
  number_ = number;
  const ConnectionKey key{{}, number};
  socket_.set("onopen", target_.listener(Event::socket_opened, key));
  socket_.set("onclose", target_.listener(Event::socket_closed, key));
  socket_.set("onmessage", target_.listener(Event::socket_message, key));
  return true;
}

void SignalingSocket::send(const std::string& frame) {
  if (!socket_.isNull()) attempt(socket_, "send", {val(frame)});
}

void SignalingSocket::close(session::SocketNumber number) {
  if (socket_.isNull() || number != number_) return;
  for (const char* handler : {"onopen", "onclose", "onmessage"}) socket_.set(handler, val::null());
  attempt(socket_, "close", {});
  socket_ = val::null();
}

}  // namespace onair::browser
