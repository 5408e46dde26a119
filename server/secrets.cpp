#include "secrets.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "net/auth/state_secret.hpp"

namespace onair {
namespace {

/// A shorter secret can be guessed offline from any token that a client holds.
constexpr std::size_t kLeastSecretBytes = 16;

std::string long_enough(const std::string& given, const std::string& name) {
  if (given.size() >= kLeastSecretBytes) return given;
  throw std::runtime_error("--" + name + " can be guessed: give at least " +
                           std::to_string(kLeastSecretBytes) +
                           " random characters, as openssl rand -base64 24 prints.");
}

/// The secret of an option, or the one of the same name in the state folder.
std::string given_or_kept(const std::string& given, const Options& options,
                          const std::string& name) {
  return given.empty() ? net::state_secret(options.state_dir, name) : long_enough(given, name);
}

}  // namespace

std::string resume_secret(const Options& options) {
  return given_or_kept(options.resume_secret, options, "resume-secret");
}

std::string turn_secret(const Options& options) {
  return options.turn_servers.empty() ? "" : long_enough(options.turn_secret, "turn-secret");
}

std::string admin_key(const Options& options) {
  return given_or_kept(options.admin_key, options, "admin-key");
}

std::string auth_secret(const Options& options) {
  return given_or_kept(options.auth_secret, options, "auth-secret");
}

net::SigningKeys signing_keys(const Options& options) {
  if (options.auth == net::Auth::open) return {};
  if (options.auth_public_key.empty()) return {auth_secret(options), {}};
  const std::string secret = options.auth_secret.empty() ? "" : auth_secret(options);
  return {secret, text_of_file(options.auth_public_key)};
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error("The file " + path.string() + " can't be read.");
  return text;
}

}  // namespace onair
