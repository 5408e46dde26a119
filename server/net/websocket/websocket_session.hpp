// A client of our own protocol: its frames to the hub, and the hub's frames to it.
#pragma once

#include <utility>

#include "net/websocket/websocket_connection.hpp"

namespace onair::net {

template <typename Transport>
class WebsocketSession final : public ClientLink, public WebsocketConnection<Transport> {
 public:
  WebsocketSession(typename Transport::Stream stream, std::string_view unread,
                   const ConnectionSlots& slots, Worker& worker)
      : WebsocketConnection<Transport>(std::move(stream), unread, slots, worker) {
    admission_slot = slots.client.member;
    address = worker.address_of(slots.client.address);
  }

  /// Answers the upgrade, and serves the client.
  void start(UpgradeRequest request);

  void send(const rooms::Frame& frame) override { this->push({frame, &frame->websocket()}); }
  void close(protocol::CloseCode code) override { this->end(code); }
  rooms::SendQueue queue() const override { return this->output(); }
  void break_ownership_cycle() override { this->end_operations(); }

 private:
  void overhead(std::size_t bytes) override;
  void message(std::string_view text) override;
  void refused(const protocol::Refusal& why) override;
  void ended(rooms::Hub::Leaving leaving) override;
};

extern template class WebsocketSession<PlainTransport>;
extern template class WebsocketSession<TlsTransport>;

}  // namespace onair::net
