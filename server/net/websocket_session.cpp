#include "net/websocket_session.hpp"

#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <spdlog/spdlog.h>

#include "protocol/limits.hpp"

namespace onair::net {

namespace websocket = beast::websocket;

WebsocketSession::WebsocketSession(TcpStream&& stream, HubRunner& hub)
    : websocket_(std::move(stream)), hub_(hub) {
  // Pings a silent client after half of the idle time-out.
  websocket_.set_option(websocket::stream_base::timeout{
      std::chrono::seconds(10), std::chrono::seconds(30), /*keep_alive_pings=*/true});
  websocket_.auto_fragment(false);
  // The limit is kept in read_frame, where the client can still be told why.
  websocket_.read_message_max(0);
}

Task<void> WebsocketSession::run(UpgradeRequest request) {
  const auto self = shared_from_this();
  auto [error] = co_await websocket_.async_accept(request, no_throw);
  if (error) {
    spdlog::debug("websocket accept: {}", error.message());
    co_return;
  }
  co_await read_frames();
}

Task<void> WebsocketSession::read_frames() {
  while (co_await read_frame()) {
  }
  // Closed by the client with "normal" or "going away" means that its page is gone; without a
  // close frame the network may have failed it, and it may come back.
  const auto code = websocket_.reason().code;
  const bool for_good = closing_ || code == websocket::close_code::normal ||
                        code == websocket::close_code::going_away;
  hub_.disconnected(*this, for_good ? relay::Hub::Leaving::for_good : relay::Hub::Leaving::perhaps);
}

Task<bool> WebsocketSession::read_frame() {
  incoming_.clear();
  do {
    const std::size_t room = protocol::kMaxFrameBytes + 1 - incoming_.size();
    auto [error, bytes] = co_await websocket_.async_read_some(incoming_, room, no_throw);
    if (error) {
      spdlog::debug("websocket read: {}", error.message());
      co_return false;
    }
    if (closing_) co_return false;
    if (incoming_.size() > protocol::kMaxFrameBytes) {
      hub_.refuse(*this, {protocol::ErrorCode::frame_too_large,
                          "A frame may have at most " + std::to_string(protocol::kMaxFrameBytes) +
                              " bytes."});
      co_return false;
    }
  } while (!websocket_.is_message_done());
  if (!websocket_.got_text()) {
    hub_.refuse(*this, {protocol::ErrorCode::binary_frame, "Frames must be text."});
    co_return false;
  }
  const auto data = incoming_.cdata();
  hub_.receive(*this, {static_cast<const char*>(data.data()), data.size()});
  co_return !closing_;
}

void WebsocketSession::send(relay::Frame frame) {
  if (closing_) return;
  outgoing_bytes_ += frame->size();
  if (outgoing_bytes_ > kMaxSendQueueBytes) {
    spdlog::info("cut off a client that reads too slowly");
    closing_ = protocol::CloseCode::normal;
    beast::get_lowest_layer(websocket_).cancel();
    return;
  }
  outgoing_.push_back(std::move(frame));
  start_writing();
}

void WebsocketSession::close(protocol::CloseCode code) {
  if (closing_) return;
  closing_ = code;
  start_writing();
}

void WebsocketSession::start_writing() {
  if (std::exchange(writing_, true)) return;
  asio::co_spawn(
      websocket_.get_executor(),
      [self = shared_from_this()]() -> Task<void> { co_await self->write_frames(); },
      asio::detached);
}

Task<void> WebsocketSession::write_frames() {
  while (!outgoing_.empty()) {
    const relay::Frame frame = outgoing_.front();
    websocket_.text(true);
    auto [error, bytes] = co_await websocket_.async_write(asio::buffer(*frame), no_throw);
    if (error) {
      spdlog::debug("websocket write: {}", error.message());
      co_return;  // the reader sees it too, and tells the hub
    }
    outgoing_bytes_ -= frame->size();
    outgoing_.pop_front();
  }
  writing_ = false;
  if (!closing_) co_return;
  writing_ = true;
  const auto code = static_cast<websocket::close_code>(*closing_);
  auto [error] = co_await websocket_.async_close(code, no_throw);
  if (error) spdlog::debug("websocket close: {}", error.message());
}

}  // namespace onair::net
