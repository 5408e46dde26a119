// A WebSocket (RFC 6455) that carries text, whatever that text is for: messages in, frames out in
// order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/loop/admission.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"
#include "net/websocket/frame_stream.hpp"
#include "net/websocket/message_buffer.hpp"
#include "net/websocket/transport.hpp"

namespace onair::net {

using UpgradeRequest = beast::http::request<beast::http::string_body>;

/// Lives until its socket is gone.
template <typename Transport>
class WebsocketConnection : public std::enable_shared_from_this<WebsocketConnection<Transport>> {
 public:
  WebsocketConnection(const WebsocketConnection&) = delete;
  WebsocketConnection& operator=(const WebsocketConnection&) = delete;

 protected:
  /// `unread` came behind the request.
  WebsocketConnection(typename Transport::Stream stream, std::string_view unread,
                      ConnectionSlots slots, Worker& worker);
  ~WebsocketConnection() = default;

  /// Lets its operations hold it. To be called first, before anybody else hears of it.
  void own_operations() { layer().owned_by(this->shared_from_this()); }

  /// Answers the upgrade, and serves the client.
  void accept(UpgradeRequest request);

  /// Puts a frame, with its header, into the order of what is written. One that reads too slowly
  /// for that is cut off.
  void push(std::shared_ptr<const std::string> frame);

  /// Sends what was pushed before, then a close frame. What the client says after that counts only
  /// where it is to come back to another server (`service_restart`); else it is not even parsed.
  void end(protocol::CloseCode code);

  /// Reads on, where may_read() was false.
  void go_on_reading();

  /// Ends what keeps it alive: see SelfOwned.
  void end_operations();

  Worker& worker() { return worker_; }

  void measured_by(std::shared_ptr<OutputGauge> gauge) { layer().measured_by(std::move(gauge)); }

  /// The bytes that wait to be written.
  rooms::SendQueue output() const {
    const FrameStream<Transport>& stream = websocket_.next_layer();
    return {stream.queued_bytes(), stream.max_queued_bytes()};
  }

 private:
  /// The client may be written to from now on.
  virtual void accepted() {}
  /// A ping or pong of so many bytes, or a fragment without text: what costs the server work and is
  /// no message.
  virtual void overhead(std::size_t bytes) = 0;
  /// A whole message, in UTF-8.
  virtual void message(std::string_view text) = 0;
  /// Tells why no more is read from the client.
  virtual void refused(const protocol::Refusal& why) = 0;
  /// False where it is to read no more until go_on_reading(): whoever gets its messages has enough.
  virtual bool may_read() const { return true; }
  virtual void ended(rooms::Hub::Leaving leaving) = 0;

  FrameStream<Transport>& layer() { return websocket_.next_layer(); }

  /// Runs what ends in the next read. Where it throws instead, nothing is read any more: ends the
  /// connection when the exception has gone its way.
  template <typename Step>
  void run_step(Step step);
  void read();
  void read_now();
  void received(error_code error, std::size_t bytes);
  /// True while the client's messages count.
  bool listens() const { return !closing_ || closing_ == protocol::CloseCode::service_restart; }
  /// Handles one piece of a message. False where the connection ends by it.
  bool take_piece();
  void send_close(protocol::CloseCode code);
  void hang_up();
  void cut_off_slow_consumer();
  void give_way();
  rooms::Hub::Leaving leaving() const;

  // First what every delivery needs, see rooms::prefetch.
  Worker& worker_;
  std::optional<protocol::CloseCode> closing_;
  beast::websocket::stream<FrameStream<Transport>, /*deflate=*/false> websocket_;
  ConnectionSlots slots_;
  MessageBuffer incoming_{worker_.tick().message_buffers()};  ///< the message that is being read
  InputShare incoming_share_{worker_.tick().input_budget, [this] { give_way(); }};
  int reads_in_a_row_ = 0;
  std::shared_ptr<WebsocketConnection> paused_;  ///< itself, while it is not to read
  std::unique_ptr<Timer> hang_up_timer_;
};

extern template class WebsocketConnection<PlainTransport>;
extern template class WebsocketConnection<TlsTransport>;

}  // namespace onair::net
