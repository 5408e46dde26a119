#include "net/http/pages.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <utility>

#include <boost/beast/http/rfc7230.hpp>

#include "net/http/qr_code.hpp"
#include "net/nats/cluster_node.hpp"
#include "net/tls/lan.hpp"
#include "protocol/text.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

constexpr std::string_view kNoSocketioClient =
    "This server has no such script of socket.io's client. Get the npm package socket.io-client "
    "and "
    "start the server with --socketio-client and its folder dist, or load the script from where "
    "you keep it.\n";

/// `watch.html?ROOM&embed` is made for the pages of others; no other page can be framed, so that
/// nobody is made to click in a studio that they don't see.
Framing framing_of(const Request& request) {
  if (path_of(request) != "/watch.html") return Framing::own_pages;
  // The first field is the name of a room, whatever it is.
  const auto fields = protocol::split(query_of(request), '&');
  const bool is_made_for_frames =
      std::find(std::next(fields.begin()), fields.end(), "embed") != fields.end();
  return is_made_for_frames ? Framing::all_pages : Framing::own_pages;
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

/// Text before the picture of a link (https://ogp.me) in a page.
constexpr std::string_view kPictureOfLink = "property=\"og:image\" content=\"";

/// The server's address as the client wrote it, e.g. "https://onair.example/"; nothing where it is
/// none that may stand in a page.
std::optional<std::string> address_for(const Exchange& exchange) {
  const std::string& host = exchange.client.host;
  const bool is_plain = std::ranges::all_of(host, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
  if (host.empty() || !is_plain) return std::nullopt;
  return (is_https(exchange) ? "https://" : "http://") + host + "/";
}

/// A response that is made for this request. `cache` is its Cache-Control.
Response made_response(std::string body, std::string_view type, std::string_view cache,
                       Framing framing = Framing::own_pages) {
  Response response(http::status::ok, 11);
  set_common_headers(response, framing);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, cache);
  response.body().owner = std::make_shared<const std::string>(std::move(body));
  response.body().bytes = *response.body().owner;
  return response;
}

/// As in the address of a page that is open on the server's machine. A stranger's name that leads
/// here (DNS rebinding) is none.
bool names_this_machine(std::string_view host) {
  constexpr std::array<std::string_view, 3> kNames = {"localhost", "127.0.0.1", "[::1]"};
  return std::ranges::any_of(kNames, [host](std::string_view name) {
    return host == name || (host.starts_with(name) && host[name.size()] == ':');
  });
}

/// Messengers show the picture of a link only if its address is a whole one, which a file does not
/// know. So whoever does not say what it fetches for, as browsers do (Sec-Fetch-Dest), gets the
/// page with it, uncompressed.
std::optional<Response> page_for_messengers(const Exchange& exchange, const StaticFile& file) {
  const std::string& page = file.forms.back().body;
  const std::size_t picture = page.find(kPictureOfLink);
  if (picture == std::string::npos || exchange.request.count("Sec-Fetch-Dest") > 0) {
    return std::nullopt;
  }
  const auto address = address_for(exchange);
  if (!address) return std::nullopt;
  return made_response(std::string(page).insert(picture + kPictureOfLink.size(), *address),
                       file.content_type, "no-cache", framing_of(exchange.request));
}

Response file_response(const Request& request, const StaticFile& file) {
  const auto form =
      std::ranges::find_if(file.forms, [&request](const StaticFile::Encoded& encoded) {
        return accepts(request, encoded.encoding);
      });
  Response response(http::status::ok, 11);
  set_common_headers(response, framing_of(request));
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

}  // namespace

Response health(const Exchange&) {
  return plain_response(http::status::ok, "ok\n");
}

Response readiness(const ServerContext& server) {
  if (server.draining) return plain_response(http::status::service_unavailable, "draining\n");
  std::string_view sentence = "ready\n";
  if (server.cluster != nullptr && !server.cluster->has_leases()) {
    sentence = "ready, but JetStream does not answer: servers agree on talkers without it\n";
  }
  if (server.cluster != nullptr && !server.cluster->is_connected()) {
    sentence = "ready, but the bus to other machines is away\n";
  }
  return plain_response(http::status::ok, sentence);
}

Response readiness_of(const Exchange& exchange) {
  return readiness(exchange.server);
}

Response qr_code(const Exchange& exchange) {
  const std::string client = exchange.client.counted_as.value_or("");
  if (!exchange.server.qr_codes.allow(client, std::chrono::steady_clock::now())) {
    return plain_response(http::status::too_many_requests, "Too many codes: try again later.\n");
  }
  const auto link = protocol::percent_decode(query_of(exchange.request));
  auto code = link ? qr_code_of(*link) : std::nullopt;
  if (!code) {
    return plain_response(http::status::bad_request, "Add a link to the address: /qr.svg?LINK.\n");
  }
  return made_response(*std::move(code), "image/svg+xml", "max-age=86400");
}

Response addresses(const Exchange& exchange) {
  const bool is_here = !exchange.client.counted_as && names_this_machine(exchange.client.host);
  if (!is_here) {
    return plain_response(http::status::not_found, "This is for browsers on this machine.\n");
  }
  std::string lines;
  for (const std::string& address : lan_addresses()) lines += address + "\n";
  return made_response(std::move(lines), "text/plain", "no-store");
}

Response socketio_script(const Exchange& exchange) {
  constexpr std::string_view folder = "/socket.io";
  const StaticFile* script =
      exchange.server.socketio_client.find(path_of(exchange.request).substr(folder.size()));
  if (script != nullptr) return file_response(exchange.request, *script);
  return plain_response(http::status::not_found, kNoSocketioClient);
}

Response page(const Exchange& exchange) {
  const StaticFile* file = exchange.server.files.find(path_of(exchange.request));
  if (file == nullptr) return plain_response(http::status::not_found, "There is no such page.\n");
  std::optional<Response> shared = page_for_messengers(exchange, *file);
  Response response = shared ? *std::move(shared) : file_response(exchange.request, *file);
  if (file->content_type.starts_with("text/html")) {
    response.set(http::field::vary, "Accept-Encoding, Sec-Fetch-Dest");
  }
  return response;
}

Response redirect_to_https(const Request& request) {
  const std::string host(view(request[http::field::host]));
  const std::string target(view(request.target()));
  // Nothing but what a host and its port are made of, and only a path of this server
  if (host.empty() || host.find_first_of("/\\@?# \t") != std::string::npos ||
      !target.starts_with('/')) {
    return plain_response(http::status::bad_request, "This server speaks HTTPS.\n");
  }
  // The one redirection that every client of WHIP follows (RFC 9725 section 4.5).
  const bool is_media = target.starts_with("/whip") || target.starts_with("/whep");
  Response response =
      plain_response(is_media ? http::status::temporary_redirect : http::status::permanent_redirect,
                     "This server speaks HTTPS.\n");
  response.set(http::field::location, "https://" + host + target);
  return response;
}

}  // namespace onair::net
