#include "net/media/media_http.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "media/resource.hpp"
#include "net/auth/crypto.hpp"
#include "net/http/gate.hpp"
#include "net/loop/across_workers.hpp"
#include "net/media/media.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;
using http::status;
using http::verb;
using media::Standard;
using media::Target;

constexpr std::string_view kSdp = "application/sdp";
constexpr std::string_view kFragment = "application/trickle-ice-sdpfrag";

/// Digits of a hash by which an encoder is known again.
constexpr std::size_t kKeyDigits = 32;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

/// The media type of the body without its parameters.
std::string content_type_of(const Request& request) {
  const auto type = view(request[http::field::content_type]);
  return lower(protocol::trimmed(type.substr(0, type.find(';'))));
}

/// The bearer token (RFC 6750 section 2.1).
std::optional<std::string> token_of(const Request& request) {
  const auto field = view(request[http::field::authorization]);
  constexpr std::string_view kScheme = "bearer ";
  if (lower(field.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  const auto token = protocol::trimmed(field.substr(kScheme.size()));
  if (token.empty()) return std::nullopt;
  return std::string(token);
}

/// `<stun:…>; rel="ice-server"` (RFC 9725 section 4.6).
std::string link_of(const protocol::IceServer& server, const std::string& url) {
  std::string link = "<" + url + ">; rel=\"ice-server\"";
  if (server.username && server.credential) {
    link += "; username=\"" + *server.username + "\"; credential=\"" + *server.credential +
            "\"; credential-type=\"password\"";
  }
  return link;
}

/// Pages of any origin may read the answers: see SECURITY.md.
void allow_all_origins(Response& response) {
  response.set(http::field::access_control_allow_origin, "*");
  response.set(http::field::access_control_expose_headers,
               "Location, ETag, Link, Accept-Post, Accept-Patch, Allow, Retry-After, "
               "WWW-Authenticate");
}

/// The methods of an endpoint or of a session, for `Allow`.
std::string_view methods_of(const Target& target) {
  return target.resource ? "GET, HEAD, DELETE, PATCH, OPTIONS" : "GET, HEAD, POST, OPTIONS";
}

/// Says which media type a POST or a PATCH has (RFC 5789 section 3.1 for the latter).
void set_accepted(Response& response, const Target& target) {
  if (target.resource) {
    response.set("Accept-Patch", kFragment);
  } else {
    response.set("Accept-Post", kSdp);
  }
}

Response response_to(MediaAnswer answer) {
  Response response = plain_response(answer.status, {});
  if (answer.content_type.empty()) {
    response.erase(http::field::content_type);
  } else {
    response.set(http::field::content_type, answer.content_type);
  }
  response.body().owner = std::make_shared<const std::string>(std::move(answer.body));
  response.body().bytes = *response.body().owner;
  if (!answer.location.empty()) {
    response.set(http::field::location, answer.location);
    response.set("Accept-Patch", kFragment);
  }
  if (!answer.etag.empty()) response.set(http::field::etag, answer.etag);
  for (const protocol::IceServer& server : answer.ice_servers) {
    for (const std::string& url : server.urls) {
      response.insert(http::field::link, link_of(server, url));
    }
  }
  if (answer.retry_after > 0) {
    response.set(http::field::retry_after, std::to_string(answer.retry_after));
  }
  if (answer.status == status::unauthorized) {
    response.set(http::field::www_authenticate, "Bearer");  // RFC 6750 section 3
  }
  return response;
}

MediaAnswer no_such_path() {
  return problem(status::not_found, "no_such_path",
                 "WHIP and WHEP are at /whip/ROOM and /whep/ROOM.");
}

Response wrong_method(const Target& target) {
  Response response = response_to(
      problem(status::method_not_allowed, "wrong_method", "This method is not for this path."));
  response.set(http::field::allow, std::string(methods_of(target)));
  return response;
}

/// Lists the methods of this path, for pages of other origins too (the Fetch standard's CORS
/// protocol).
Response options_of(const Target& target, const Request& request) {
  Response response = response_to(MediaAnswer{});
  const std::string allowed(methods_of(target));
  response.set(http::field::allow, allowed);
  set_accepted(response, target);
  response.set(http::field::access_control_allow_methods, allowed);
  const auto headers = request[http::field::access_control_request_headers];
  response.set(http::field::access_control_allow_headers,
               headers.empty() ? "Authorization, Content-Type, If-Match" : headers);
  response.set(http::field::access_control_max_age, "600");
  return response;
}

/// Calls `function` with Media on its thread, and awaits what it replies.
template <typename Function>
Task<MediaAnswer> ask_media(const Exchange& exchange, Function function) {
  Awaited<MediaAnswer> answer(exchange.worker.context());
  Media& media = *exchange.server.media;
  call_on(media.worker(), [&media, reply = answer.reply(),
                           function = std::move(function)]() mutable { function(media, reply); });
  co_return co_await answer.value();
}

/// The first line of a sentence for people.
std::string line_of(std::string_view sentence) {
  sentence = protocol::trimmed(sentence);
  return std::string(sentence.substr(0, sentence.find('\n')));
}

MediaAnswer refusal_of(const Refused& refused) {
  const std::string text = line_of(refused.sentence);
  if (refused.status == status::service_unavailable) {
    return problem(refused.status, "draining", text, /*retry_after=*/5);
  }
  const bool is_origin = refused.status == status::forbidden;
  return problem(refused.status, is_origin ? "wrong_origin" : "too_many_clients", text,
                 is_origin ? 0 : 10);
}

/// By what an encoder is known when it comes again: its token or, without one, its address.
std::string key_of(const Exchange& exchange, const std::optional<std::string>& token) {
  const std::string shown =
      token ? "token " + *token : "address " + exchange.client.counted_as.value_or("");
  return sha256_hex(shown).substr(0, kKeyDigits);
}

Task<MediaAnswer> post(const Target& target, const Exchange& exchange) {
  const Request& request = exchange.request;
  if (content_type_of(request) != kSdp) {
    co_return problem(status::unsupported_media_type, "wrong_type",
                      "The offer must be application/sdp.");
  }
  if (!media::may_be_sdp(request.body())) {
    co_return problem(status::bad_request, "bad_sdp", "This is no session description.");
  }
  const auto token = token_of(request);
  const bool talks = target.standard == Standard::whip;
  protocol::Enter enter{target.room, talks ? protocol::Role::talk : protocol::Role::watch};
  enter.token = token;
  auto passed = exchange.server.doorkeeper(enter);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&passed)) {
    exchange.worker.count_refused(refusal->code);
    co_return problem_of(name_of(refusal->code), refusal->message);
  }
  auto& pass = std::get<rooms::Pass>(passed);
  // A token makes the origin superfluous: no other site's page has one in its visitor's name.
  const auto origins = pass.holds_for ? OriginRule::any : OriginRule::welcome;
  auto admitted = admit_client(request, exchange.client, exchange.server, origins);
  if (const auto* refused = std::get_if<Refused>(&admitted)) co_return refusal_of(*refused);
  MediaEntry entry{.room = target.room,
                   .pass = std::move(pass),
                   .slots = std::get<Admission::Client>(std::move(admitted)),
                   .counted_as = exchange.client.counted_as};
  // Named: GCC 12 destroys the captures of a temporary twice within a co_await expression.
  auto begin = [entry = std::move(entry), key = key_of(exchange, token), offer = request.body(),
                talks](Media& media, const MediaReply& reply) mutable {
    if (talks) {
      media.publish(std::move(entry), std::move(key), std::move(offer), reply);
    } else {
      media.play(std::move(entry), std::move(offer), reply);
    }
  };
  co_return co_await ask_media(exchange, std::move(begin));
}

Task<MediaAnswer> patch(const Target& target, const Exchange& exchange) {
  const Request& request = exchange.request;
  if (content_type_of(request) != kFragment) {
    co_return problem(status::unsupported_media_type, "wrong_type",
                      "A fragment must be application/trickle-ice-sdpfrag.");
  }
  const std::string if_match(view(request[http::field::if_match]));
  auto change = [target, if_match, fragment = request.body()](Media& media,
                                                              const MediaReply& reply) {
    media.patch(target, if_match, fragment, reply);
  };
  co_return co_await ask_media(exchange, std::move(change));
}

Task<MediaAnswer> remove(const Target& target, const Exchange& exchange) {
  auto end = [target](Media& media, const MediaReply& reply) { media.remove(target, reply); };
  co_return co_await ask_media(exchange, std::move(end));
}

/// An endpoint and a session have nothing to show, and say so (RFC 9725 section 4.1).
Task<MediaAnswer> get(const Target& target, const Exchange& exchange) {
  MediaAnswer nothing;
  nothing.status = status::no_content;
  if (!target.resource) co_return nothing;
  auto look = [target](Media& media, const MediaReply& reply) { media.look(target, reply); };
  co_return co_await ask_media(exchange, std::move(look));
}

/// False where the client's address has asked too often.
bool may_ask(const Exchange& exchange) {
  const auto& address = exchange.client.counted_as;
  return !address ||
         exchange.server.media_requests.allow(*address, std::chrono::steady_clock::now());
}

Task<Response> answer_target(const Target& target, const Exchange& exchange) {
  const verb method = exchange.request.method();
  if (method == verb::options) co_return options_of(target, exchange.request);
  // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
  MediaAnswer answer;
  if (method == verb::get || method == verb::head) {
    answer = co_await get(target, exchange);
  } else if (!target.resource && method == verb::post) {
    answer = co_await post(target, exchange);
  } else if (target.resource && method == verb::patch) {
    answer = co_await patch(target, exchange);
  } else if (target.resource && method == verb::delete_) {
    answer = co_await remove(target, exchange);
  } else {
    co_return wrong_method(target);
  }
  Response response = response_to(std::move(answer));
  if (response.result() == status::unsupported_media_type) set_accepted(response, target);
  co_return response;
}

/// The code of what HTTP refuses before a method is looked at.
std::string_view code_of(status refused) {
  switch (refused) {
    case status::bad_request: return "bad_request";
    case status::length_required: return "length_required";
    case status::payload_too_large: return "body_too_large";
    case status::request_header_fields_too_large: return "header_too_large";
    case status::service_unavailable: return "busy";
    default: return "refused";
  }
}

}  // namespace

std::size_t most_sdp_bytes(const Limits& limits) {
  return std::min<std::size_t>(limits.frame_bytes, 32'768);
}

Response as_problem(Response refusal) {
  const status refused = refusal.result();
  Response response =
      response_to(problem(refused, code_of(refused), line_of(refusal.body().bytes)));
  const auto retry_after = refusal.find(http::field::retry_after);
  if (retry_after != refusal.end()) response.set(http::field::retry_after, retry_after->value());
  allow_all_origins(response);
  return response;
}

Task<Response> answer_media(const Exchange& exchange) {
  const auto target = media::target_of(path_of(exchange.request));
  // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
  Response response;
  if (exchange.server.media == nullptr) {
    response = response_to(
        problem(status::not_found, "forwarder_off", "This server runs no media server."));
  } else if (!target) {
    response = response_to(no_such_path());
  } else if (const auto* refusal = std::get_if<protocol::Refusal>(&*target)) {
    response = response_to(problem(status::not_found, name_of(refusal->code), refusal->message));
  } else if (!may_ask(exchange)) {
    response = response_to(problem(status::too_many_requests, "rate_limited",
                                   "This address asks too often.", /*retry_after=*/1));
  } else {
    response = co_await answer_target(std::get<Target>(*target), exchange);
  }
  allow_all_origins(response);
  co_return response;
}

}  // namespace onair::net
