#include "net/auth/state_secret.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <tuple>
#include <unistd.h>

#include "net/auth/crypto.hpp"

namespace onair::net {
namespace {

constexpr std::size_t kSecretBytes = 32;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error("The secret in " + path.string() + " can't be used (" + why +
                           "): mend that, or choose another folder with --state-dir.");
}

/// Where an operator makes a secret as root, the folder's owner, as whom the service runs, must be
/// able to read it.
void give_to_owner_of_folder(int file, const std::filesystem::path& folder) {
  struct stat status{};
  if (geteuid() != 0 || stat(folder.c_str(), &status) != 0 || status.st_uid == 0) return;
  // Where that fails the service says that it can't read it.
  std::ignore = fchown(file, status.st_uid, status.st_gid);
}

void write_new(const std::filesystem::path& path) {
  // Made whole under another name first, so that no reader ever sees half of it.
  const std::filesystem::path fresh = path.string() + "." + random_hex(8);
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail(path, std::generic_category().message(errno));
  const std::string secret = random_hex(kSecretBytes);
  const bool written =
      write(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  give_to_owner_of_folder(file, path.parent_path());
  close(file);
  // link, unlike rename, leaves the secret of another server that was quicker.
  const bool linked = written && (link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  unlink(fresh.c_str());
  if (!linked) fail(path, "it could not be written");
}

}  // namespace

void require_private(const std::filesystem::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) fail(path, std::generic_category().message(errno));
  if ((status.st_mode & 077) != 0) fail(path, "others may read it: chmod 600 it");
}

std::error_code make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  // Behind a slash there is no name, and its parent would be the folder itself.
  const auto folder = path.has_filename() ? path : path.parent_path();
  if (std::filesystem::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return {errno, std::generic_category()};
}

std::string state_secret(const std::filesystem::path& folder, const std::string& name) {
  const std::filesystem::path path = folder / name;
  if (const std::error_code error = make_private_folder(folder)) fail(path, error.message());
  if (!std::filesystem::exists(path)) write_new(path);
  require_private(path);
  std::ifstream file(path);
  std::string secret;
  if (!(file >> secret) || secret.size() < 2 * kSecretBytes) fail(path, "it is too short");
  return secret;
}

}  // namespace onair::net
