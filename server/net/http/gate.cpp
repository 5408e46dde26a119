#include "net/http/gate.hpp"

#include <chrono>
#include <string>

#include "net/http/origins.hpp"

namespace onair::net {

namespace http = boost::beast::http;

Response response_to(const Refused& refused) {
  return plain_response(refused.status, refused.sentence);
}

bool may_be_rebound(const Request& request, const ClientOrigin& client,
                    const ServerContext& server) {
  if (!client.is_in_private_network || !is_public_name(client.host)) return false;
  if (client.host.substr(0, client.host.find(':')) == server.host_name) return false;
  const auto origin = view(request[http::field::origin]);
  // Pages send no Origin with a GET to their own server.
  const bool is_browser = view(request[http::field::user_agent]).starts_with("Mozilla/");
  return origin.empty() ? is_browser : !origin.starts_with("https://");
}

bool is_welcome_origin(const Request& request, const ClientOrigin& client,
                       const ServerContext& server) {
  const auto origin = view(request[http::field::origin]);
  if (may_be_rebound(request, client, server)) {
    return server.origins.allows(origin.empty() ? "http://" + client.host : std::string(origin),
                                 "");
  }
  if (!origin.empty()) return server.origins.allows(origin, client.host);
  // Browsers send no Origin with what a page loads as a picture or a script, but say that it is
  // another's page (https://w3c.github.io/webappsec-fetch-metadata/).
  const auto site = view(request["Sec-Fetch-Site"]);
  return site.empty() || site == "same-origin" || site == "none";
}

std::variant<Admission::Client, Refused> admit_client(const Request& request,
                                                      const ClientOrigin& client,
                                                      ServerContext& server, OriginRule origins) {
  if (server.draining) {
    return Refused{http::status::service_unavailable, "This server is shutting down.\n"};
  }
  if (origins == OriginRule::welcome && !is_welcome_origin(request, client, server)) {
    return Refused{http::status::forbidden, "Pages of this origin may not connect here.\n"};
  }
  // A program on this machine itself is not counted.
  if (!client.counted_as) return Admission::Client();
  Admission::Client slots =
      server.admission.enter(*client.counted_as, std::chrono::steady_clock::now());
  if (!slots) {
    return Refused{http::status::too_many_requests, "Too many clients from your address.\n"};
  }
  return slots;
}

}  // namespace onair::net
