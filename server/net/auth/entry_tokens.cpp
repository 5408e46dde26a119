#include "net/auth/entry_tokens.hpp"

#include <algorithm>
#include <cstdlib>
#include <jwt.h>
#include <memory>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::net {
namespace {

using nlohmann::json;
using protocol::ErrorCode;
using protocol::Refusal;
using Seconds = std::chrono::duration<double>;

using Jwt = std::unique_ptr<jwt_t, decltype(&jwt_free)>;
using Text = std::unique_ptr<char, decltype(&std::free)>;

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The algorithm that a key of `option` is for; `read` is OpenSSL's function for such a PEM.
template <typename Read>
jwt_alg_t algorithm_of(const std::string& pem, Read read, const std::string& option) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      read(bytes.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const int kind = key ? EVP_PKEY_get_base_id(key.get()) : EVP_PKEY_NONE;
  if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) >= 2048) return JWT_ALG_RS256;
  if (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key.get()) == 256) return JWT_ALG_ES256;
  throw std::runtime_error(option +
                           " must be a PEM file with an RSA key of at least 2048 bits or a key on "
                           "the curve P-256.");
}

/// The claims of a token that was signed by this key, as JSON.
std::optional<std::string> claims_signed_by(const std::string& key, jwt_alg_t algorithm,
                                            const std::string& token) {
  jwt_t* read = nullptr;
  const int error = jwt_decode(&read, token.c_str(), bytes_of(key), static_cast<int>(key.size()));
  const Jwt jwt(error == 0 ? read : nullptr, &jwt_free);
  // The library believes the token's own header in how to use the key.
  if (!jwt || jwt_get_alg(jwt.get()) != algorithm) return std::nullopt;
  // What its issuer has marked as critical, nobody here knows (RFC 7515 section 4.1.11).
  const Text critical(jwt_get_headers_json(jwt.get(), "crit"), &std::free);
  if (critical) return std::nullopt;
  const Text claims(jwt_get_grants_json(jwt.get(), nullptr), &std::free);
  if (!claims) return std::nullopt;
  return std::string(claims.get());
}

Refusal invalid(std::string why) {
  return {ErrorCode::token_invalid, std::move(why)};
}

std::optional<double> number_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

bool says(const json& claims, const char* name, std::string_view value) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() &&
         found->get_ref<const std::string&>() == value;
}

}  // namespace

EntryTokens::EntryTokens(Auth auth, const SigningKeys& keys, std::chrono::seconds leeway,
                         WallClock now)
    : auth_(auth), leeway_(leeway), now_(std::move(now)) {
  if (!keys.secret.empty()) keys_.push_back({JWT_ALG_HS256, keys.secret});
  if (!keys.public_key.empty()) {
    keys_.push_back(
        {algorithm_of(keys.public_key, PEM_read_bio_PUBKEY, "--auth-public-key"), keys.public_key});
  }
}

std::variant<rooms::Pass, Refusal> EntryTokens::check(const protocol::Enter& enter) const {
  if (enter.role == protocol::Role::none) return check_inferred_role(enter);
  if (auth_ == Auth::open) return rooms::Pass{};
  auto by_token = check_token(enter);
  const bool needed = auth_ == Auth::all || enter.role == protocol::Role::talk;
  if (needed) return by_token;
  return rooms::Pass{.may_relay = std::holds_alternative<rooms::Pass>(by_token)};
}

std::variant<rooms::Pass, Refusal> EntryTokens::check_token(const protocol::Enter& enter) const {
  if (!enter.token) {
    return Refusal{ErrorCode::token_required, "This room requires a token."};
  }
  const bool readable = enter.token->size() <= protocol::kMaxTokenBytes &&
                        enter.token->find('\0') == std::string::npos;
  for (const Key& key : keys_) {
    if (!readable) break;
    const auto algorithm = static_cast<jwt_alg_t>(key.algorithm);
    if (const auto claims = claims_signed_by(key.text, algorithm, *enter.token)) {
      return read(*claims, enter);
    }
  }
  return invalid("The token's signature is not valid.");
}

/// It may do what its token is for.
std::variant<rooms::Pass, Refusal> EntryTokens::check_inferred_role(protocol::Enter enter) const {
  enter.role = protocol::Role::talk;
  auto as_talker = check(enter);
  if (std::holds_alternative<rooms::Pass>(as_talker)) return as_talker;
  enter.role = protocol::Role::watch;
  auto as_watcher = check(enter);
  if (auto* pass = std::get_if<rooms::Pass>(&as_watcher)) pass->may_talk = false;
  return as_watcher;
}

std::variant<rooms::Pass, Refusal> EntryTokens::read(const std::string& text,
                                                     const protocol::Enter& enter) const {
  const json claims = protocol::parse_json(text);
  if (!claims.is_object()) return invalid("This token has no claims.");
  if (!says(claims, "room", enter.room)) return invalid("This token is for another room.");
  if (!says(claims, "role", name_of(enter.role))) return invalid("This token is for another role.");
  const double now = Seconds(now_().time_since_epoch()).count();
  const auto leeway = static_cast<double>(leeway_.count());
  const auto expires = number_in(claims, "exp");
  if (!expires) return invalid("This token has no end (`exp`).");
  if (now >= *expires + leeway) {
    return Refusal{ErrorCode::token_expired, "This token has expired."};
  }
  if (claims.contains("nbf")) {
    const auto begins = number_in(claims, "nbf");
    if (!begins || now < *begins - leeway) return invalid("This token is not valid yet (`nbf`).");
  }
  rooms::Pass pass;
  // The leeway is for who comes late. Bounded, so that it fits into a duration.
  const double left = std::clamp(*expires - now, 0.0, 1e9);
  pass.holds_for = std::chrono::duration_cast<rooms::Duration>(
      Seconds(left > 0 ? left : *expires + leeway - now));
  if (const auto name = claims.find("name"); name != claims.end()) {
    if (!name->is_string()) return invalid("The `name` of this token is no text.");
    pass.name = name->get<std::string>();
    if (pass.name->size() > protocol::kMaxChatNameBytes) return invalid("Its `name` is too long.");
    if (protocol::has_control(*pass.name)) {
      return invalid("The `name` of this token has a character that can't be shown.");
    }
  }
  return pass;
}

std::string mint(const Claims& claims, const std::string& secret, const std::string& private_key) {
  const auto seconds = [](std::chrono::system_clock::time_point time) {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  const std::string& key = private_key.empty() ? secret : private_key;
  const jwt_alg_t algorithm =
      private_key.empty()
          ? JWT_ALG_HS256
          : algorithm_of(private_key, PEM_read_bio_PrivateKey, "--auth-private-key");
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) throw std::runtime_error("A token could not be made.");
  const Jwt jwt(made, &jwt_free);
  int failed = jwt_set_alg(made, algorithm, bytes_of(key), static_cast<int>(key.size()));
  failed |= jwt_add_grant(made, "room", claims.room.c_str());
  failed |= jwt_add_grant(made, "role", std::string(name_of(claims.role)).c_str());
  failed |= jwt_add_grant_int(made, "exp", seconds(claims.expires));
  if (claims.name) failed |= jwt_add_grant(made, "name", claims.name->c_str());
  const Text token(failed == 0 ? jwt_encode_str(made) : nullptr, &std::free);
  if (!token) throw std::runtime_error("A token could not be made.");
  return token.get();
}

}  // namespace onair::net
