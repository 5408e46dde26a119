// STUN and TURN servers for clients.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "protocol/message.hpp"

namespace onair::net {

struct IceOptions {
  std::vector<std::string> stun_urls;
  std::vector<std::string> turn_urls;
  std::string turn_secret;
  std::chrono::seconds turn_ttl{3600};
};

/// The servers for one peer, with TURN credentials that hold from `now` on: the username is
/// "EXPIRY:ID", the password its HMAC-SHA1 under the secret that the TURN server shares (the TURN
/// REST API, coturn's use-auth-secret).
std::vector<protocol::IceServer> ice_servers_for(const IceOptions& options,
                                                 const protocol::PeerId& peer,
                                                 std::chrono::system_clock::time_point now);

}  // namespace onair::net
