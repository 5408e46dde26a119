#include "net/http/message.hpp"

#include <algorithm>

#include "protocol/text.hpp"

namespace onair::net {
namespace {

namespace http = boost::beast::http;

/// Nothing is loaded from elsewhere, no inline code runs but the one script of all pages that says
/// so where a page does not load, and WebAssembly may compile. Who may show a page in a frame comes
/// behind it. tests/pages/start_up.test.mjs compares the hash with the pages.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; "
    "script-src 'self' 'wasm-unsafe-eval' 'sha256-CaKM1PzDwlg/Z0QGZxX9CAp2hf7wq9VMJsOUyWshWzo='; "
    "style-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors ";

}  // namespace

std::string_view path_of(const Request& request) {
  const std::string_view target = view(request.target());
  return target.substr(0, target.find('?'));
}

std::string_view query_of(const Request& request) {
  std::string_view target = view(request.target());
  target.remove_prefix(std::min(path_of(request).size() + 1, target.size()));
  return target;
}

std::optional<std::string> query_parameter(const Request& request, std::string_view name) {
  for (const std::string_view field : protocol::split(query_of(request), '&')) {
    const std::size_t equals = std::min(field.find('='), field.size());
    if (field.substr(0, equals) != name) continue;
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    return protocol::percent_decode(value).value_or(std::string(value));
  }
  return std::nullopt;
}

void set_common_headers(Response& response, Framing framing) {
  response.set(http::field::server, "onair");
  response.set("Content-Security-Policy", std::string(kContentSecurityPolicy) +
                                              (framing == Framing::all_pages ? "*" : "'self'"));
  response.set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
}

Response plain_response(http::status status, std::string_view sentence) {
  Response response(status, 11);
  set_common_headers(response);
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.body().bytes = sentence;
  return response;
}

std::optional<Response> refusal_of_body(const Request& header, std::size_t most) {
  // A length that is known beforehand is the one bound of a body that costs nothing: the parts of a
  // chunked one bring extensions and trailers of any length.
  if (header.count(http::field::transfer_encoding) > 0) {
    return plain_response(http::status::length_required, "The request needs a Content-Length.\n");
  }
  const auto length = header.find(http::field::content_length);
  if (length == header.end()) return std::nullopt;
  const std::string digits(length->value().data(), length->value().size());
  // The parser has checked that these are digits.
  if (digits.size() <= 9 && std::stoul(digits) <= most) return std::nullopt;
  return plain_response(http::status::payload_too_large,
                        most == 0 ? "No body is taken.\n" : "The body is too long.\n");
}

}  // namespace onair::net
