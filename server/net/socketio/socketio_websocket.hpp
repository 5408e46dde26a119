// A WebSocket of a socket.io client. The session that it carries may be on another thread.
#pragma once

#include <utility>

#include "net/socketio/socketio_session.hpp"
#include "net/websocket/websocket_connection.hpp"

namespace onair::net {

template <typename Transport>
class SocketioWebsocket final : public SocketioCarrier,
                                public SelfOwned,
                                public WebsocketConnection<Transport> {
 public:
  /// `unread` came behind the request.
  SocketioWebsocket(typename Transport::Stream stream, std::string_view unread,
                    ConnectionSlots slots, Worker& worker)
      : WebsocketConnection<Transport>(std::move(stream), unread, std::move(slots), worker) {
    worker.keep(*this);
    this->measured_by(gauge_);
  }
  ~SocketioWebsocket() { this->worker().release(*this); }

  /// Answers the upgrade, and begins the session, which is on the same thread.
  void start(UpgradeRequest request, std::shared_ptr<SocketioSession> session);

  /// Answers the upgrade, and comes to a session that has given it this number.
  void come_to(UpgradeRequest request, Remote<SocketioSession> session, std::uint32_t number);

  void send(const rooms::Frame& packet) override {
    gauge_->taken += handed_over_cost(*packet);
    this->push({packet, &packet->websocket()});
  }
  void close(protocol::CloseCode code) override { this->end(code); }
  void break_ownership_cycle() override { this->end_operations(); }

 private:
  /// Bytes that the session may have yet to handle; beyond them no more is read.
  static constexpr std::size_t kMostHandedOver = 4'096;

  /// As the session knows it.
  Remote<SocketioCarrier> remote();

  /// Calls `function` with the session on its thread. It counts for so many bytes until then.
  template <typename Function>
  void hand_over(std::size_t bytes, Function function);
  void handled(std::size_t cost);

  void accepted() override;
  void overhead(std::size_t bytes) override;
  void message(std::string_view text) override;
  void refused(const protocol::Refusal& why) override;
  bool may_read() const override { return handed_over_ <= kMostHandedOver; }
  void ended(rooms::Hub::Leaving leaving) override;

  std::shared_ptr<SocketioSession> to_be_started_;
  Remote<SocketioSession> session_;
  std::uint32_t number_ = 0;
  std::size_t handed_over_ = 0;  ///< to the session, and not handled yet: a cost in bytes
  std::shared_ptr<OutputGauge> gauge_ = std::make_shared<OutputGauge>();
};

extern template class SocketioWebsocket<PlainTransport>;
extern template class SocketioWebsocket<TlsTransport>;

}  // namespace onair::net
