// The certificate that a DTLS endpoint shows.
#pragma once

#include <optional>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "sfu/base/openssl.hpp"
#include "sfu/sdp/fingerprint.hpp"

namespace onair::sfu {

/// ECDSA P-256 key and self-signed certificate, as RFC 8827 section 6.5 wants them. Made at start
/// and kept in memory alone: what binds it to a session is its fingerprint in SDP.
class DtlsCertificate {
 public:
  /// Throws std::runtime_error when OpenSSL can't make one.
  DtlsCertificate();

  /// Its sha-256, as text_of() writes it in SDP.
  const Fingerprint& fingerprint() const { return fingerprint_; }

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  OpensslPtr<EVP_PKEY, EVP_PKEY_free> key_;
  OpensslPtr<X509, X509_free> certificate_;
  Fingerprint fingerprint_;
};

/// Fails only when OpenSSL runs out of memory.
std::optional<Fingerprint> fingerprint_of(const X509* certificate, FingerprintHash hash);

}  // namespace onair::sfu
