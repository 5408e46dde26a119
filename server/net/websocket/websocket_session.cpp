#include "net/websocket/websocket_session.hpp"

namespace onair::net {

template <typename Transport>
void WebsocketSession<Transport>::start(UpgradeRequest request) {
  this->own_operations();
  this->worker().connected({this->shared_from_this(), this});
  this->accept(std::move(request));
}

template <typename Transport>
void WebsocketSession<Transport>::overhead(std::size_t bytes) {
  this->worker().spend(*this, bytes);
}

template <typename Transport>
void WebsocketSession<Transport>::message(std::string_view text) {
  this->worker().receive(*this, text);
}

template <typename Transport>
void WebsocketSession<Transport>::refused(const protocol::Refusal& why) {
  this->worker().refuse(*this, why);
}

template <typename Transport>
void WebsocketSession<Transport>::ended(rooms::Hub::Leaving leaving) {
  this->worker().disconnected(*this, leaving);
}

template class WebsocketSession<PlainTransport>;
template class WebsocketSession<TlsTransport>;

}  // namespace onair::net
