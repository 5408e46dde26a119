// One client's WebSocket (RFC 6455): frames in to the hub, the hub's frames out in order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/admission.hpp"
#include "net/aliases.hpp"
#include "net/frame_stream.hpp"
#include "net/transport.hpp"
#include "net/worker.hpp"

namespace onair::net {

using UpgradeRequest = beast::http::request<beast::http::string_body>;

/// What a connection counts for as long as it lives.
struct Places {
  Admission::Place connection;
  Admission::Place address;
};

/// Lives until its socket is gone.
template <typename Transport>
class WebsocketSession final : public ClientLink,
                               public std::enable_shared_from_this<WebsocketSession<Transport>> {
 public:
  /// `unread` came behind the request.
  WebsocketSession(typename Transport::Stream stream, std::string_view unread, Places places,
                   Worker& worker);

  /// Answers the upgrade, and serves the client.
  void start(const UpgradeRequest& request);

  void send(const relay::Frame& frame) override;
  void close(protocol::CloseCode code) override;
  void abandon() override {
    const auto self = this->shared_from_this();  // perhaps the last that holds it
    layer().abandon();
  }

 private:
  FrameStream<Transport>& layer() { return websocket_.next_layer(); }

  void read();
  void received(error_code error, std::size_t bytes);
  /// False where the connection ends over it.
  bool take(std::string_view part);
  void message(std::string_view frame);
  void cut_off_slow_consumer();
  void ended(error_code error);

  Worker& worker_;
  Places places_;
  beast::websocket::stream<FrameStream<Transport>, /*deflate=*/false> websocket_;
  std::string begun_;  ///< the parts of a message that has not come whole
  std::optional<protocol::CloseCode> closing_;
};

extern template class WebsocketSession<PlainTransport>;
extern template class WebsocketSession<TlsTransport>;

}  // namespace onair::net
