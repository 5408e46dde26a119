#include "net/websocket/websocket_connection.hpp"

#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <spdlog/spdlog.h>

namespace onair::net {

namespace websocket = beast::websocket;
using protocol::CloseCode;

namespace {

/// Parts of messages that are handled before other connections are served.
constexpr int kReadsInARow = 32;

/// RFC 6455 section 5.5.1.
std::shared_ptr<const std::string> close_frame(CloseCode code) {
  const auto number = static_cast<unsigned>(code);
  std::string bytes = "\x88\x02";
  bytes.push_back(static_cast<char>(number >> 8U));
  bytes.push_back(static_cast<char>(number & 0xffU));
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace

template <typename Transport>
WebsocketConnection<Transport>::WebsocketConnection(typename Transport::Stream stream,
                                                    std::string_view unread, ConnectionSlots slots,
                                                    Worker& worker)
    : worker_(worker),
      websocket_(std::move(stream), worker.tick(), unread, worker.limits().send_queue_bytes),
      slots_(std::move(slots)) {
  // Beast sends a ping after half of the idle time.
  websocket_.set_option(websocket::stream_base::timeout{
      worker.limits().handshake_time, worker.limits().idle_time, /*keep_alive_pings=*/true});
  websocket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(beast::http::field::server, "onair");
  }));
  // The limit is kept in `take_piece`, where the client can still get the reason.
  websocket_.read_message_max(0);
}

template <typename Transport>
void WebsocketConnection<Transport>::accept(UpgradeRequest request) {
  // Put off: the connection may be closed over it, which Beast's read must not see from within.
  websocket_.control_callback([this](websocket::frame_type, beast::string_view payload) {
    worker_.tick().later([weak = this->weak_from_this(), bytes = payload.size()] {
      const auto self = weak.lock();
      if (self && self->listens()) self->overhead(bytes);
    });
  });
  const auto owned = std::make_shared<const UpgradeRequest>(std::move(request));
  websocket_.async_accept(
      *owned, asio::bind_executor(worker_.tick().executor(),
                                  [self = this->shared_from_this(), owned](error_code error) {
                                    if (error) return self->ended(self->leaving());
                                    self->run_step([&self] {
                                      self->accepted();
                                      if (self->closing_) self->send_close(*self->closing_);
                                      self->read();
                                    });
                                  }));
}

template <typename Transport>
template <typename Step>
void WebsocketConnection<Transport>::run_step(Step step) {
  try {
    step();
  } catch (...) {
    asio::post(worker_.context(), [self = this->shared_from_this()] {
      self->worker_.tick().run([&self] {
        self->layer().close();
        self->ended(self->leaving());
      });
    });
    throw;
  }
}

template <typename Transport>
void WebsocketConnection<Transport>::read() {
  if (!closing_ && !may_read()) {
    paused_ = this->shared_from_this();
    return;
  }
  if (++reads_in_a_row_ < kReadsInARow) return read_now();
  reads_in_a_row_ = 0;
  asio::post(worker_.context(), [self = this->shared_from_this()] {
    self->worker_.tick().run([&self] { self->run_step([&self] { self->read_now(); }); });
  });
}

template <typename Transport>
void WebsocketConnection<Transport>::go_on_reading() {
  const auto self = std::exchange(paused_, nullptr);
  if (self) run_step([this] { read(); });
}

template <typename Transport>
void WebsocketConnection<Transport>::read_now() {
  websocket_.async_read_some(
      MessageBuffer::Room(incoming_, worker_.limits().frame_bytes + 1),
      asio::bind_executor(worker_.tick().executor(),
                          [self = this->shared_from_this()](error_code error, std::size_t bytes) {
                            self->run_step([&] { self->received(error, bytes); });
                          }));
}

template <typename Transport>
void WebsocketConnection<Transport>::received(error_code error, std::size_t bytes) {
  if (error) {
    spdlog::debug("event=disconnected reason=\"{}\"", error.message());
    return ended(leaving());
  }
  if (bytes == 0 && !websocket_.is_message_done() && listens()) overhead(0);
  incoming_.add(bytes);
  if (!listens() || !take_piece()) incoming_.clear();
  incoming_share_.set_bytes(incoming_.memory());
  read();
}

template <typename Transport>
bool WebsocketConnection<Transport>::take_piece() {
  using protocol::ErrorCode;
  if (!websocket_.got_text()) {
    refused({ErrorCode::binary_frame, "Frames must be text."});
    return false;
  }
  const std::size_t most = worker_.limits().frame_bytes;
  if (incoming_.size() > most) {
    refused({ErrorCode::frame_too_large,
             "A frame may have at most " + std::to_string(most) + " bytes."});
    return false;
  }
  if (websocket_.is_message_done()) {
    message(incoming_.text());
    incoming_.clear();
    return true;
  }
  incoming_share_.set_bytes(incoming_.memory());
  if (!incoming_share_.gives_way(most / kInputThatStays)) return true;
  give_way();
  return false;
}

template <typename Transport>
void WebsocketConnection<Transport>::push(std::shared_ptr<const std::string> frame) {
  if (closing_) return;
  if (!layer().push(std::move(frame))) cut_off_slow_consumer();
}

template <typename Transport>
void WebsocketConnection<Transport>::cut_off_slow_consumer() {
  worker_.count_slow_consumer();
  spdlog::info("event=slow_consumer action=close code=1013");
  layer().drop_output();
  end(CloseCode::try_again_later);
}

template <typename Transport>
void WebsocketConnection<Transport>::give_way() {
  spdlog::info("event=input_full action=close code=1013");
  end(CloseCode::try_again_later);
  incoming_.clear();  // the stream, which is hung up, writes no more into it
}

template <typename Transport>
void WebsocketConnection<Transport>::end(CloseCode code) {
  // A client that is to come back to another server may still be cut off.
  if (closing_ && (closing_ != CloseCode::service_restart || closing_ == code)) return;
  closing_ = code;
  // A client whose upgrade has not been answered gets its close frame after the answer.
  if (websocket_.is_open()) send_close(code);
  go_on_reading();
}

template <typename Transport>
void WebsocketConnection<Transport>::send_close(CloseCode code) {
  layer().push_last(close_frame(code));
  if (code != CloseCode::service_restart) hang_up();
}

/// Not by Beast's close, which parses all that a client still sends to find its close frame.
template <typename Transport>
void WebsocketConnection<Transport>::hang_up() {
  layer().hang_up();
  hang_up_timer_ = std::make_unique<Timer>(worker_.context(), worker_.limits().handshake_time);
  hang_up_timer_->async_wait([weak = this->weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->layer().close();
  });
}

template <typename Transport>
void WebsocketConnection<Transport>::end_operations() {
  const auto self = this->shared_from_this();  // perhaps the last that holds it
  paused_ = nullptr;
  layer().break_ownership_cycle();
}

/// Closed by the client with "normal" or "going away", its page is gone; without a close frame the
/// network may have failed it, and it may come back. What this server ends, it ends for good,
/// unless the client is to come again.
template <typename Transport>
rooms::Hub::Leaving WebsocketConnection<Transport>::leaving() const {
  const auto code = websocket_.reason().code;
  const bool left =
      code == websocket::close_code::normal || code == websocket::close_code::going_away;
  const bool cut =
      closing_ && closing_ != CloseCode::service_restart && closing_ != CloseCode::try_again_later;
  return (closing_ ? cut : left) ? rooms::Hub::Leaving::for_good : rooms::Hub::Leaving::perhaps;
}

template class WebsocketConnection<PlainTransport>;
template class WebsocketConnection<TlsTransport>;

}  // namespace onair::net
