#include "net/http/static_files.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "net/auth/crypto.hpp"

namespace onair::net {
namespace {

namespace fs = std::filesystem;

std::string content_type_of(const fs::path& path) {
  static const std::map<std::string, std::string> types = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".wasm", "application/wasm"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
  };
  const auto found = types.find(path.extension().string());
  return found == types.end() ? "application/octet-stream" : found->second;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error("The file " + path.string() + " can't be read.");
  return content;
}

bool is_encoded(const fs::path& path) {
  return path.extension() == ".gz" || path.extension() == ".br";
}

/// True where a file or a folder above it has a name with a dot in front, as .git and .env have,
/// but for .well-known (RFC 8615), which is for everyone.
bool is_hidden(const fs::path& name) {
  return std::ranges::any_of(name, [](const fs::path& part) {
    return part.native().starts_with('.') && part != ".well-known";
  });
}

}  // namespace

StaticFiles StaticFiles::read(const fs::path& root) {
  if (!fs::is_directory(root)) {
    throw std::runtime_error("There is no folder " + root.string() +
                             " with the pages: give it with --web, or start the server by "
                             "scripts/run, which makes it.");
  }
  StaticFiles files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const fs::path& path = entry.path();
    // By its name below the folder, wherever a symbolic link may lead.
    const fs::path name = path.lexically_relative(root);
    if (!entry.is_regular_file() || is_encoded(path) || is_hidden(name)) continue;
    const std::string body = read_file(path);
    const std::string hash = sha256_hex(body).substr(0, 32);
    StaticFile file{content_type_of(path), {}};
    for (const auto& [suffix, encoding] : {std::pair(".br", "br"), std::pair(".gz", "gzip")}) {
      const fs::path encoded = path.string() + suffix;
      if (!fs::exists(encoded)) continue;
      file.forms.push_back({encoding, "\"" + hash + suffix + "\"", read_file(encoded)});
    }
    file.forms.push_back({"", "\"" + hash + "\"", body});
    files.files_.emplace("/" + name.generic_string(), std::move(file));
  }
  return files;
}

const StaticFile* StaticFiles::find(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto found = files_.find(path == "/" ? "/index.html" : path);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace onair::net
