#include "net/tls/tls.hpp"

#include <stdexcept>
#include <utility>

#include <boost/system/system_error.hpp>

namespace onair::net {
namespace {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> load(const CertificateFiles& files) {
  try {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                         ssl::context::no_tlsv1_1 | ssl::context::no_sslv2 |
                         ssl::context::no_sslv3 | SSL_OP_NO_RENEGOTIATION);
    // A connection that waits has no buffers for records (SSL_CTX_set_mode(3)).
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    context->use_certificate_chain_file(files.chain.string());
    context->use_private_key_file(files.key.string(), ssl::context::pem);
    return context;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("The certificate " + files.chain.string() + " with the key " +
                             files.key.string() + " can't be used (" + error.code().message() +
                             "): both must be PEM files that belong together.");
  }
}

}  // namespace

Certificate::Certificate(CertificateFiles files)
    : files_(std::move(files)), context_(load(files_)) {}

std::shared_ptr<ssl::context> Certificate::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

void Certificate::reload() {
  auto fresh = load(files_);
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
}

}  // namespace onair::net
