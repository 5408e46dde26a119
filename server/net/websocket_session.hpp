// One client's WebSocket (RFC 6455): frames in to the hub, the hub's frames out in order.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/aliases.hpp"
#include "net/hub_runner.hpp"
#include "relay/link.hpp"

namespace onair::net {

/// The most bytes that wait to be written to one client. A client that reads so slowly is cut off,
/// so that it can't eat the server.
inline constexpr std::size_t kMaxSendQueueBytes = 1'048'576;

class WebsocketSession final : public relay::Link,
                               public std::enable_shared_from_this<WebsocketSession> {
 public:
  using UpgradeRequest = beast::http::request<beast::http::string_body>;

  WebsocketSession(TcpStream&& stream, HubRunner& hub);

  /// Answers the upgrade and serves the client until its socket is gone.
  Task<void> run(UpgradeRequest request);

  void send(relay::Frame frame) override;
  void close(protocol::CloseCode code) override;

 private:
  using Stream = beast::websocket::stream<TcpStream, /*deflate=*/false>;

  Task<void> read_frames();
  /// False when no further frame is to be read.
  Task<bool> read_frame();
  Task<void> write_frames();
  void start_writing();

  Stream websocket_;
  HubRunner& hub_;
  beast::flat_buffer incoming_;
  std::deque<relay::Frame> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  bool writing_ = false;
  std::optional<protocol::CloseCode> closing_;
};

}  // namespace onair::net
