// The one way in: whoever wants to become a client is checked here, whatever it speaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/ip/address.hpp>

#include "net/http/message.hpp"
#include "net/http/proxies.hpp"
#include "net/http/server_context.hpp"
#include "net/loop/admission.hpp"

namespace onair::net {

/// Why a client does not get in: a status, and a sentence for people that outlives the response.
struct Refused {
  boost::beast::http::status status;
  std::string_view sentence;
};

Response response_to(const Refused& refused);

/// True where the name of the host may be a stranger's, who lets it lead here (DNS rebinding): a
/// browser in a private network asks by plain HTTP for a public name. By HTTPS the certificate
/// would not fit.
bool may_be_rebound(const Request& request, const ClientOrigin& client,
                    const ServerContext& server);

/// True where the page that asks may talk to this server, and for a program without an origin.
bool is_welcome_origin(const Request& request, const ClientOrigin& client,
                       const ServerContext& server);

enum class OriginRule {
  welcome,  ///< is_welcome_origin
  any,      ///< the client has shown a token, which no page has in another's name
};

/// Lets a new client in, or says why not: the server drains (503), its page is of another origin
/// (403), or its address has as many clients as it may have (429). What it holds then is one more
/// client of its address.
std::variant<Admission::Client, Refused> admit_client(const Request& request,
                                                      const ClientOrigin& client,
                                                      ServerContext& server,
                                                      OriginRule origins = OriginRule::welcome);

}  // namespace onair::net
