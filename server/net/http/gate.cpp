#include "net/http/gate.hpp"

namespace onair::net {

namespace http = boost::beast::http;

Response response_to(const Refused& refused) {
  return plain_response(refused.status, refused.sentence);
}

bool is_welcome_origin(const Request& request, const ClientOrigin& client,
                       const ServerContext& server) {
  const auto origin = view(request[http::field::origin]);
  if (!origin.empty()) return server.origins.allows(origin, client.host);
  // Browsers send no Origin with what a page loads as a picture or a script, but say that it is
  // another's page (https://w3c.github.io/webappsec-fetch-metadata/).
  const auto site = view(request["Sec-Fetch-Site"]);
  return site.empty() || site == "same-origin" || site == "none";
}

std::variant<Admission::Client, Refused> admit_client(const Request& request,
                                                      const ClientOrigin& client,
                                                      ServerContext& server) {
  if (server.draining) {
    return Refused{http::status::service_unavailable, "This server is about to end.\n"};
  }
  if (!is_welcome_origin(request, client, server)) {
    return Refused{http::status::forbidden, "Pages of this origin may not connect here.\n"};
  }
  // A program on this machine itself is not counted.
  if (!client.counted_as) return Admission::Client();
  Admission::Client slots = server.admission.enter(*client.counted_as);
  if (!slots) return Refused{http::status::too_many_requests, "Too many from your address.\n"};
  return slots;
}

}  // namespace onair::net
