// Entry tokens, where the operator does not let everyone in: JSON Web Tokens (RFC 7519),
// which any backend can mint.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/pass.hpp"

namespace onair::net {

/// Clients that need a token.
enum class Auth {
  open,  ///< nobody
  talk,  ///< talkers
  all,   ///< everyone
};

/// By what tokens are signed. Each key is for its own algorithm alone, whatever a token says.
struct SigningKeys {
  std::string secret;      ///< HS256; empty: no such token holds
  std::string public_key;  ///< PEM of an RSA key (RS256) or one on P-256 (ES256); the same
};

class EntryTokens {
 public:
  using WallClock = std::function<std::chrono::system_clock::time_point()>;

  /// `leeway`: how far the clocks of those who mint tokens may be off, before `nbf` and after
  /// `exp`. Throws std::runtime_error with a sentence for people where a key can't be used.
  EntryTokens(Auth auth, const SigningKeys& keys, std::chrono::seconds leeway,
              WallClock now = std::chrono::system_clock::now);

  /// A token holds where its signature does, `room` and `role` are what the client asks for, and
  /// the time is between `nbf`, if it has one, and `exp`, which it must have (NumericDate, RFC 7519
  /// section 2). Its `name`, if it has one, is of at most kMaxChatNameBytes. From any thread.
  /// A client without a role may have a token for either; it may talk if a talker with this token
  /// may. Where a viewer needs no token, one that holds gives it a pass that `may_relay` from the
  /// beginning. Errors: `token_required`, `token_invalid`,
  /// `token_expired`.
  std::variant<rooms::Pass, protocol::Refusal> check(const protocol::Enter& enter) const;

 private:
  struct Key {
    int algorithm;
    std::string text;
  };

  std::variant<rooms::Pass, protocol::Refusal> check_token(const protocol::Enter& enter) const;
  std::variant<rooms::Pass, protocol::Refusal> check_inferred_role(protocol::Enter enter) const;
  std::variant<rooms::Pass, protocol::Refusal> read(const std::string& claims,
                                                    const protocol::Enter& enter) const;

  Auth auth_;
  std::vector<Key> keys_;
  std::chrono::seconds leeway_;
  WallClock now_;
};

/// Contents of a token to be minted.
struct Claims {
  std::string room;
  protocol::Role role;
  std::chrono::system_clock::time_point expires;
  std::optional<std::string> name = {};
};

/// A token signed by a private key in PEM (RS256, ES256) or, where there is none, by the secret
/// (HS256). Throws std::runtime_error with a sentence for people where that can't be done.
std::string mint(const Claims& claims, const std::string& secret, const std::string& private_key);

}  // namespace onair::net
