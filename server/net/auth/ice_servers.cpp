#include "net/auth/ice_servers.hpp"

#include "net/auth/crypto.hpp"

namespace onair::net {

std::vector<protocol::IceServer> ice_servers_for(const IceOptions& options,
                                                 const protocol::PeerId& peer,
                                                 std::chrono::system_clock::time_point now) {
  std::vector<protocol::IceServer> servers;
  if (!options.stun_urls.empty()) servers.push_back({options.stun_urls, {}, {}});
  if (options.turn_urls.empty()) return servers;
  const auto expiry =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()) + options.turn_ttl;
  const std::string username = std::to_string(expiry.count()) + ":" + peer;
  servers.push_back({options.turn_urls, username, hmac_sha1_base64(options.turn_secret, username)});
  return servers;
}

}  // namespace onair::net
