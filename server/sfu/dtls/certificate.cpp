#include "sfu/dtls/certificate.hpp"

#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/ec.h>

namespace onair::sfu {
namespace {

const EVP_MD* digest_of(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return EVP_sha256();
    case FingerprintHash::sha384: return EVP_sha384();
    case FingerprintHash::sha512: return EVP_sha512();
  }
  return nullptr;
}

bool set_random_serial(X509* certificate) {
  constexpr int kBits = 64;
  const OpensslPtr<BIGNUM, BN_free> serial(BN_new());
  return serial && BN_rand(serial.get(), kBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

/// Both names are the same: nobody else vouches for it.
bool set_names(X509* certificate) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, bytes_of("onair").data(), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

/// It begins yesterday, for peers whose clock is slow, and ends after the process.
bool set_validity(X509* certificate) {
  constexpr long kDay = 24L * 60 * 60;
  constexpr long kTenYears = 3'650 * kDay;
  return X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kTenYears) != nullptr;
}

}  // namespace

std::optional<Fingerprint> fingerprint_of(const X509* certificate, FingerprintHash hash) {
  Fingerprint fingerprint{.hash = hash};
  unsigned int size = 0;
  if (X509_digest(certificate, digest_of(hash), fingerprint.bytes.data(), &size) != 1) {
    return std::nullopt;
  }
  return fingerprint;
}

DtlsCertificate::DtlsCertificate() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
  constexpr long kVersion3 = 2;
  const bool made = key_ && certificate_ && X509_set_version(certificate_.get(), kVersion3) == 1 &&
                    set_random_serial(certificate_.get()) && set_names(certificate_.get()) &&
                    set_validity(certificate_.get()) &&
                    X509_set_pubkey(certificate_.get(), key_.get()) == 1 &&
                    X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0;
  const auto fingerprint =
      made ? fingerprint_of(certificate_.get(), FingerprintHash::sha256) : std::nullopt;
  if (!fingerprint) throw std::runtime_error("OpenSSL can't make a certificate for DTLS.");
  fingerprint_ = *fingerprint;
}

}  // namespace onair::sfu
