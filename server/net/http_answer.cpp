#include "net/http_answer.hpp"

#include <algorithm>

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "net/cluster_node.hpp"
#include "net/qr_code.hpp"
#include "protocol/text.hpp"

namespace onair::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

/// Nothing is loaded from elsewhere, no inline code runs, and WebAssembly may compile. Who may show
/// a page in a frame comes behind it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors ";

constexpr std::string_view kNoSocketioClient =
    "This server has no such script of socket.io's client. Get the npm package socket.io-client "
    "and "
    "start the server with --socketio-client and its folder dist, or load the script from where "
    "you "
    "keep it.\n";

std::string_view target_of(const Request& request) {
  return view(request.target());
}

/// `watch.html?ROOM&embed` is made for the pages of others; no other page can be framed, so that
/// nobody is made to click in a studio that they don't see.
bool may_be_embedded(const Request& request) {
  if (path_of(request) != "/watch.html") return false;
  std::string_view query = target_of(request).substr(path_of(request).size());
  while (!query.empty()) {
    query.remove_prefix(1);  // the ? or the &
    const std::string_view part = query.substr(0, query.find('&'));
    if (part == "embed") return true;
    query.remove_prefix(part.size());
  }
  return false;
}

void set_common_headers(Response& response, bool embeddable = false) {
  response.set(http::field::server, "onair");
  response.set("Content-Security-Policy",
               std::string(kContentSecurityPolicy) + (embeddable ? "*" : "'self'"));
  response.set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
}

/// RFC 9110 section 12.5.3; a weight counts only where it is 0.
bool accepts(const Request& request, const std::string& encoding) {
  if (encoding.empty()) return true;
  for (const auto& [name, parameters] : http::ext_list(request[http::field::accept_encoding])) {
    if (!beast::iequals(name, encoding)) continue;
    return std::ranges::none_of(parameters, [](const auto& parameter) {
      return beast::iequals(parameter.first, "q") &&
             view(parameter.second).find_first_not_of("0.") == std::string_view::npos;
    });
  }
  return false;
}

Response file_response(const Request& request, const StaticFile& file) {
  const auto form =
      std::ranges::find_if(file.forms, [&request](const StaticFile::Encoded& encoded) {
        return accepts(request, encoded.encoding);
      });
  Response response(http::status::ok, 11);
  set_common_headers(response, may_be_embedded(request));
  response.set(http::field::etag, form->etag);
  response.set(http::field::cache_control, "no-cache");  // that is: ask whether it is still this
  response.set(http::field::vary, "Accept-Encoding");
  const auto known = view(request[http::field::if_none_match]);
  if (known == "*" || known.find(form->etag) != std::string_view::npos) {
    response.result(http::status::not_modified);
    return response;
  }
  response.set(http::field::content_type, file.content_type);
  if (!form->encoding.empty()) response.set(http::field::content_encoding, form->encoding);
  response.body().bytes = form->body;
  return response;
}

Response qr_response(std::string_view target) {
  const std::size_t query = target.find('?');
  const auto link =
      protocol::percent_decode(query == std::string_view::npos ? "" : target.substr(query + 1));
  auto code = link ? qr_code_of(*link) : std::nullopt;
  if (!code) return plain_response(http::status::bad_request, "Say /qr.svg?LINK with a link.\n");
  Response response(http::status::ok, 11);
  set_common_headers(response);
  response.set(http::field::content_type, "image/svg+xml");
  response.set(http::field::cache_control, "max-age=86400");
  response.body().owner = std::make_shared<const std::string>(*std::move(code));
  response.body().bytes = *response.body().owner;
  return response;
}

}  // namespace

std::string_view path_of(const Request& request) {
  return target_of(request).substr(0, target_of(request).find('?'));
}

Response plain_response(http::status status, std::string_view sentence) {
  Response response(status, 11);
  set_common_headers(response);
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.body().bytes = sentence;
  return response;
}

Response readiness(const Site& site) {
  if (site.draining) return plain_response(http::status::service_unavailable, "draining\n");
  const bool alone = site.cluster != nullptr && !site.cluster->is_connected();
  return plain_response(http::status::ok,
                        alone ? "ready, but the bus to other machines is away\n" : "ready\n");
}

Response answer(const Request& request, const Site& site) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response =
        plain_response(http::status::method_not_allowed, "Only GET and HEAD are served.\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  const std::string_view path = path_of(request);
  if (path == "/healthz") return plain_response(http::status::ok, "ok\n");
  if (path == "/readyz") return readiness(site);
  if (path == "/qr.svg") return qr_response(target_of(request));
  if (path == "/ws") {
    Response response = plain_response(http::status::upgrade_required, "This is a WebSocket.\n");
    response.set(http::field::upgrade, "websocket");
    return response;
  }
  constexpr std::string_view below_socketio = "/socket.io";
  if (path.starts_with("/socket.io/")) {
    const StaticFile* script =
        site.socketio_client.find(target_of(request).substr(below_socketio.size()));
    if (script != nullptr) return file_response(request, *script);
    return plain_response(http::status::not_found, kNoSocketioClient);
  }
  const StaticFile* file = site.files.find(target_of(request));
  if (file == nullptr) return plain_response(http::status::not_found, "There is no such page.\n");
  return file_response(request, *file);
}

Response redirect_to_https(const Request& request) {
  const std::string host(view(request[http::field::host]));
  const std::string target(target_of(request));
  // Nothing but what a host and its port are made of, and only a path of this server
  if (host.empty() || host.find_first_of("/\\@?# \t") != std::string::npos ||
      !target.starts_with('/')) {
    return plain_response(http::status::bad_request, "This server speaks HTTPS.\n");
  }
  Response response =
      plain_response(http::status::permanent_redirect, "This server speaks HTTPS.\n");
  response.set(http::field::location, "https://" + host + target);
  return response;
}

bool is_websocket_request(const Request& request) {
  return beast::websocket::is_upgrade(request) && path_of(request) == "/ws";
}

std::optional<Response> refusal_of_websocket(const Request& request, const Site& site) {
  if (site.draining) {
    return plain_response(http::status::service_unavailable, "This server is about to end.\n");
  }
  if (!site.origins.allows(view(request[http::field::origin]), view(request[http::field::host]))) {
    return plain_response(http::status::forbidden, "Pages of this origin may not connect here.\n");
  }
  return std::nullopt;
}

std::optional<std::string> counted_address(const boost::asio::ip::address& remote,
                                           std::string_view forwarded_for) {
  using namespace boost::asio::ip;
  address counted = remote;
  if (counted.is_v6() && counted.to_v6().is_v4_mapped()) {
    counted = make_address_v4(v4_mapped, counted.to_v6());
  }
  if (counted.is_loopback()) {
    const std::size_t last = forwarded_for.find_last_of(", ");
    if (last != std::string_view::npos) forwarded_for.remove_prefix(last + 1);
    boost::system::error_code error;
    counted = make_address(std::string(forwarded_for), error);
    if (error) return std::nullopt;
  }
  if (!counted.is_v6()) return counted.to_string();
  auto bytes = counted.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return address_v6(bytes).to_string() + "/64";
}

}  // namespace onair::net
