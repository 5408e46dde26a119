// Resume tokens that need no storage: an HMAC over what they say, so that they hold on any machine
// with the same secret and across restarts.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "rooms/resume_tokens.hpp"

namespace onair::net {

/// A token is `1.ID.EXPIRY.HMAC`: the peer's id, seconds since 1970 in decimal, and HMAC-SHA256
/// over id, room, role and expiry in hexadecimal. Room and role are not in it: `enter` names them.
class SignedResumeTokens final : public rooms::ResumeTokens {
 public:
  using WallClock = std::function<std::chrono::system_clock::time_point()>;

  SignedResumeTokens(std::string secret, std::chrono::seconds lifetime,
                     WallClock now = std::chrono::system_clock::now);

  std::string issue(const rooms::Identity& identity) override;
  std::optional<rooms::Resumption> redeem(std::string_view token, std::string_view room,
                                          protocol::Role role) override;

 private:
  std::string sign(std::string_view id, std::string_view room, protocol::Role role,
                   std::string_view expiry) const;
  long long seconds_now() const;

  std::string secret_;
  std::chrono::seconds lifetime_;
  WallClock now_;
};

}  // namespace onair::net
