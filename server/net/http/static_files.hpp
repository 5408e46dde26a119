// The pages and the client, read into memory once: a request is a look-up among what was read, so
// that no path can lead out of the folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace onair::net {

struct StaticFile {
  std::string content_type;  ///< RFC 9110 section 8.3
  /// A compressed form of it (RFC 9110 section 8.4.1).
  struct Encoded {
    std::string encoding;  ///< empty: as it is
    std::string etag;      ///< strong, with its quotes (RFC 9110 section 8.8.3)
    std::string body;
  };
  /// The smallest first, the file as it is last. Others are its neighbours `NAME.br`, `NAME.gz`.
  std::vector<Encoded> forms;
};

class StaticFiles {
 public:
  /// Reads every regular file below `root`. Throws std::runtime_error with a sentence for people
  /// where there is no such folder or a file can't be read.
  static StaticFiles read(const std::filesystem::path& root);

  /// The file of a request's target (RFC 9112 section 3.2.1), `/` being `/index.html`; nothing
  /// where there is none.
  const StaticFile* find(std::string_view target) const;

 private:
  std::map<std::string, StaticFile, std::less<>> files_;
};

}  // namespace onair::net
