#include "net/websocket_session.hpp"

#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <spdlog/spdlog.h>

namespace onair::net {

namespace websocket = beast::websocket;
using protocol::CloseCode;

template <typename Transport>
WebsocketSession<Transport>::WebsocketSession(typename Transport::Stream stream,
                                              std::string_view unread, Places places,
                                              Worker& worker)
    : worker_(worker),
      places_(std::move(places)),
      websocket_(std::move(stream), worker.turn(), unread, worker.limits().send_queue_bytes) {
  // Beast sends a ping after half of the idle time.
  websocket_.set_option(websocket::stream_base::timeout{
      worker.limits().handshake_time, worker.limits().idle_time, /*keep_alive_pings=*/true});
  websocket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(beast::http::field::server, "onair");
  }));
  // The limit is kept in `take`, where the client can still be told why.
  websocket_.read_message_max(0);
}

template <typename Transport>
void WebsocketSession<Transport>::start(const UpgradeRequest& request) {
  layer().owned_by(this->shared_from_this());
  worker_.connected(*this);
  websocket_.async_accept(request,
                          asio::bind_executor(worker_.turn().executor(),
                                              [self = this->shared_from_this()](error_code error) {
                                                if (error) return self->ended(error);
                                                self->read();
                                              }));
}

template <typename Transport>
void WebsocketSession<Transport>::read() {
  const auto area = worker_.turn().message_area();
  websocket_.async_read_some(
      asio::buffer(area.data(), area.size()),
      asio::bind_executor(worker_.turn().executor(),
                          [self = this->shared_from_this()](error_code error, std::size_t bytes) {
                            self->received(error, bytes);
                          }));
}

template <typename Transport>
void WebsocketSession<Transport>::received(error_code error, std::size_t bytes) {
  if (error) return ended(error);
  // Once closing, what still comes is read only to find the client's close frame.
  if (!closing_ && !take({worker_.turn().message_area().data(), bytes})) begun_ = {};
  read();
}

template <typename Transport>
bool WebsocketSession<Transport>::take(std::string_view part) {
  using protocol::ErrorCode;
  if (!websocket_.got_text()) {
    worker_.refuse(*this, {ErrorCode::binary_frame, "Frames must be text."});
    return false;
  }
  const std::size_t most = worker_.limits().frame_bytes;
  if (begun_.size() + part.size() > most) {
    worker_.refuse(*this, {ErrorCode::frame_too_large,
                           "A frame may have at most " + std::to_string(most) + " bytes."});
    return false;
  }
  if (!websocket_.is_message_done()) {
    begun_.append(part);
  } else if (begun_.empty()) {
    worker_.receive(*this, part);
  } else {
    begun_.append(part);
    worker_.receive(*this, std::exchange(begun_, {}));
  }
  return true;
}

template <typename Transport>
void WebsocketSession<Transport>::send(const relay::Frame& frame) {
  if (closing_) return;
  if (!layer().push({frame, &frame->websocket()})) cut_off_slow_consumer();
}

template <typename Transport>
void WebsocketSession<Transport>::cut_off_slow_consumer() {
  worker_.count_slow_consumer();
  spdlog::info("event=slow_consumer action=close code=1013");
  layer().drop_output();
  close(CloseCode::try_again_later);
}

template <typename Transport>
void WebsocketSession<Transport>::close(CloseCode code) {
  if (closing_) return;
  closing_ = code;
  websocket_.async_close(static_cast<websocket::close_code>(code),
                         asio::bind_executor(worker_.turn().executor(),
                                             [self = this->shared_from_this()](error_code error) {
                                               if (error) {
                                                 spdlog::debug("event=close error=\"{}\"",
                                                               error.message());
                                               }
                                             }));
}

/// Closed by the client with "normal" or "going away", its page is gone; without a close frame the
/// network may have failed it, and it may come back. What this server ends, it ends for good,
/// unless the client is to come again.
template <typename Transport>
void WebsocketSession<Transport>::ended(error_code error) {
  spdlog::debug("event=disconnected reason=\"{}\"", error.message());
  const auto code = websocket_.reason().code;
  const bool left =
      code == websocket::close_code::normal || code == websocket::close_code::going_away;
  const bool cut =
      closing_ && closing_ != CloseCode::service_restart && closing_ != CloseCode::try_again_later;
  worker_.disconnected(*this, (closing_ ? cut : left) ? relay::Hub::Leaving::for_good
                                                      : relay::Hub::Leaving::perhaps);
}

template class WebsocketSession<PlainTransport>;
template class WebsocketSession<TlsTransport>;

}  // namespace onair::net
