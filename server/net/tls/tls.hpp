// The server's certificate.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>

namespace onair::net {

struct CertificateFiles {
  std::filesystem::path chain;  ///< PEM, the server's own first
  std::filesystem::path key;    ///< PEM
};

/// TLS 1.2 and newer with the certificate of these files. May be used from any thread.
class Certificate {
 public:
  /// Throws std::runtime_error with a sentence for people where the files can't be used.
  explicit Certificate(CertificateFiles files);

  /// For new connections; those that are there keep theirs.
  std::shared_ptr<boost::asio::ssl::context> context() const;

  /// Reads the files again. Throws as the constructor does, and then keeps what it had.
  void reload();

 private:
  CertificateFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

/// A certificate that this server made for itself, for these names and addresses: kept in the
/// folder, and made anew when it is about to expire or when the names are others. Throws
/// std::runtime_error with a sentence for people.
CertificateFiles self_signed_certificate(const std::filesystem::path& folder,
                                         const std::vector<std::string>& names);

}  // namespace onair::net
