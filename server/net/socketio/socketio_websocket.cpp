#include "net/socketio/socketio_websocket.hpp"

namespace onair::net {

template <typename Transport>
void SocketioWebsocket<Transport>::start(UpgradeRequest request,
                                         std::shared_ptr<SocketioSession> session) {
  this->own_operations();
  session_ = {session, this->worker()};
  to_be_started_ = std::move(session);
  this->accept(std::move(request));
}

template <typename Transport>
void SocketioWebsocket<Transport>::come_to(UpgradeRequest request, Remote<SocketioSession> session,
                                           std::uint32_t number) {
  this->own_operations();
  session_ = std::move(session);
  number_ = number;
  session_.call(
      this->worker(),
      [number, carrier = remote(), gauge = gauge_](SocketioSession& there) {
        there.probed_by(number, carrier, gauge);
      },
      [carrier = remote()](const Worker& there) {
        // The session has ended meanwhile, and nobody else would close this.
        carrier.call(there, [](SocketioCarrier& late) { late.close(protocol::CloseCode::normal); });
      });
  this->accept(std::move(request));
}

template <typename Transport>
void SocketioWebsocket<Transport>::accepted() {
  if (const auto session = std::exchange(to_be_started_, nullptr)) session->start(remote(), gauge_);
}

template <typename Transport>
Remote<SocketioCarrier> SocketioWebsocket<Transport>::remote() {
  return {std::shared_ptr<SocketioCarrier>(this->shared_from_this(), this), this->worker()};
}

template <typename Transport>
template <typename Function>
void SocketioWebsocket<Transport>::hand_over(std::size_t bytes, Function function) {
  const std::size_t cost = bytes + rooms::kQueueEntryCost;
  handed_over_ += cost;
  const std::shared_ptr<SocketioWebsocket> self(this->shared_from_this(), this);
  const Remote<SocketioWebsocket> back(self, this->worker());
  const auto is_handled = [cost](SocketioWebsocket& here) { here.handled(cost); };
  session_.call(
      this->worker(),
      [back, is_handled, function = std::move(function)](SocketioSession& session) {
        const Worker& there = session.worker();
        function(session);  // which may end in this
        back.call(there, is_handled);
      },
      [back, is_handled](const Worker& there) { back.call(there, is_handled); });
}

template <typename Transport>
void SocketioWebsocket<Transport>::handled(std::size_t cost) {
  handed_over_ -= cost;
  if (may_read()) this->go_on_reading();
}

template <typename Transport>
void SocketioWebsocket<Transport>::overhead(std::size_t bytes) {
  hand_over(bytes, [bytes](SocketioSession& session) { session.charge(bytes); });
}

template <typename Transport>
void SocketioWebsocket<Transport>::message(std::string_view text) {
  hand_over(text.size(), [number = number_, text = std::string(text)](SocketioSession& session) {
    session.receive_on_websocket(number, text);
  });
}

template <typename Transport>
void SocketioWebsocket<Transport>::refused(const protocol::Refusal& why) {
  session_.call(this->worker(),
                [why](SocketioSession& session) { session.refuse_on_websocket(why); });
}

template <typename Transport>
void SocketioWebsocket<Transport>::ended(rooms::Hub::Leaving) {
  session_.call(this->worker(),
                [number = number_](SocketioSession& session) { session.websocket_closed(number); });
}

template class SocketioWebsocket<PlainTransport>;
template class SocketioWebsocket<TlsTransport>;

}  // namespace onair::net
