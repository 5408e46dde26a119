// Tokens by which a peer proves that it is the one it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/message.hpp"
#include "rooms/time.hpp"

namespace onair::rooms {

/// The content of a resume token.
struct Identity {
  protocol::PeerId id;
  std::string room;
  protocol::Role role;
};

/// The proof that a valid token gives.
struct Resumption {
  protocol::PeerId id;
  Duration age;  ///< since the token was issued
};

class ResumeTokens {
 public:
  virtual ~ResumeTokens() = default;

  virtual std::string issue(const Identity& identity) = 0;

  /// Gives nothing if the token is forged, expired, or for another room or role.
  virtual std::optional<Resumption> redeem(std::string_view token, std::string_view room,
                                           protocol::Role role) = 0;
};

}  // namespace onair::rooms
