#include "net/auth/signed_resume_tokens.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "net/auth/crypto.hpp"

namespace onair::net {
namespace {

/// The four parts of a token, or nothing.
std::optional<std::array<std::string_view, 4>> split(std::string_view token) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    const std::size_t end = last ? token.size() : token.find('.');
    if (end == std::string_view::npos) return std::nullopt;
    parts[i] = token.substr(0, end);
    if (!last) token.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace

SignedResumeTokens::SignedResumeTokens(std::string secret, std::chrono::seconds lifetime,
                                       WallClock now)
    : secret_(std::move(secret)), lifetime_(lifetime), now_(std::move(now)) {}

std::string SignedResumeTokens::issue(const rooms::Identity& identity) {
  const std::string expiry = std::to_string(seconds_now() + lifetime_.count());
  return "1." + identity.id + "." + expiry + "." +
         sign(identity.id, identity.room, identity.role, expiry);
}

std::optional<rooms::Resumption> SignedResumeTokens::redeem(std::string_view token,
                                                            std::string_view room,
                                                            protocol::Role role) {
  const auto parts = split(token);
  if (!parts) return std::nullopt;
  const auto& [version, id, expiry, signature] = *parts;
  if (version != "1") return std::nullopt;
  if (!equal_in_constant_time(signature, sign(id, room, role, expiry))) return std::nullopt;
  long long until = 0;
  std::from_chars(expiry.data(), expiry.data() + expiry.size(), until);
  const long long left = until - seconds_now();
  if (left <= 0) return std::nullopt;
  return rooms::Resumption{protocol::PeerId(id), lifetime_ - std::chrono::seconds(left)};
}

std::string SignedResumeTokens::sign(std::string_view id, std::string_view room,
                                     protocol::Role role, std::string_view expiry) const {
  // A room name has no control characters, so the parts can't run into each other.
  std::string signed_text("onair resume 1\n");
  for (const std::string_view part : {id, room, name_of(role), expiry}) {
    signed_text.append(part).push_back('\n');
  }
  return hmac_sha256_hex(secret_, signed_text);
}

long long SignedResumeTokens::seconds_now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(now_().time_since_epoch()).count();
}

}  // namespace onair::net
