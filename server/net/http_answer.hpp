// What is answered to HTTP requests, without sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/shared_body.hpp"
#include "net/site.hpp"

namespace onair::net {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<SharedBody>;

/// A header field or the like, as the standard's view.
inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// The target of a request without its query.
std::string_view path_of(const Request& request);

/// A sentence for people; it outlives the response.
Response plain_response(boost::beast::http::status status, std::string_view sentence);

/// What `/readyz` says: whether new clients are welcome, and whether other machines are out of
/// reach.
Response readiness(const Site& site);

/// The answer to any request but an upgrade: pages, `/qr.svg?LINK`, `/healthz`, `/readyz`.
Response answer(const Request& request, const Site& site);

/// To one who came without TLS to a server that has it: the same over HTTPS.
Response redirect_to_https(const Request& request);

/// Whether this asks for a WebSocket at `/ws`.
bool is_websocket_request(const Request& request);

/// Why this page gets no WebSocket, or nothing. The address's place is not looked at here.
std::optional<Response> refusal_of_websocket(const Request& request, const Site& site);

/// By what a client's WebSockets are counted: its address, of IPv6 the network (/64). What comes
/// from this machine is counted by the last entry of its X-Forwarded-For; nothing without one.
std::optional<std::string> counted_address(const boost::asio::ip::address& remote,
                                           std::string_view forwarded_for);

}  // namespace onair::net
