#include "browser/signaling_socket.hpp"

#include <utility>

#include "browser/javascript.hpp"
#include "protocol/error_code.hpp"

namespace onair::browser {
namespace {

// WebSocket.readyState
constexpr int kConnecting = 0;
constexpr int kOpen = 1;

}  // namespace

SignalingSocket::SignalingSocket(const EventTarget& target, std::string url, val first)
    : target_(target), url_(std::move(url)), first_(std::move(first)) {}

bool SignalingSocket::open(session::SocketNumber number) {
  close(number_, /*leaving=*/false);
  const Outcome made =
      is_nothing(first_) ? attempt_new("WebSocket", {val(url_)}) : Outcome{true, first_};
  first_ = val::undefined();
  if (!made.ok) return false;
  socket_ = made.value;
  number_ = number;
  const SocketTag tag{number};
  socket_.set("onopen", target_.listener(Event::socket_opened, tag));
  socket_.set("onclose", target_.listener(Event::socket_closed, tag));
  socket_.set("onmessage", target_.listener(Event::socket_message, tag));
  report_missed_event(tag);
  return true;
}

void SignalingSocket::report_missed_event(SocketTag tag) const {
  const int state = socket_["readyState"].as<int>();
  if (state == kConnecting) return;
  const Event missed = state == kOpen ? Event::socket_opened : Event::socket_closed;
  val::global("Promise").call<val>("resolve").call<void>("then", target_.listener(missed, tag));
}

void SignalingSocket::send(const std::string& frame) {
  if (!socket_.isNull()) attempt(socket_, "send", {val(frame)});
}

void SignalingSocket::close(session::SocketNumber number, bool leaving) {
  if (socket_.isNull() || number != number_) return;
  for (const char* handler : {"onopen", "onclose", "onmessage"}) socket_.set(handler, val::null());
  if (leaving) {
    attempt(socket_, "close", {val(static_cast<int>(protocol::CloseCode::normal))});
  } else {
    attempt(socket_, "close", {});
  }
  socket_ = val::null();
}

}  // namespace onair::browser
