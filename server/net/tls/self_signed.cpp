#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "net/auth/state_secret.hpp"
#include "net/tls/tls.hpp"

namespace onair::net {
namespace {

constexpr long kDaySeconds = 24L * 60 * 60;
/// Browsers refuse certificates that hold for longer.
constexpr long kLifetime = 397 * kDaySeconds;
constexpr std::time_t kRenewBefore = 30 * kDaySeconds;

template <auto Free>
struct Deleter {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Deleter<std::fclose>>;

void check(bool done) {
  if (!done) throw std::runtime_error("OpenSSL could not make a certificate.");
}

/// "IP:127.0.0.1,DNS:localhost", as OpenSSL writes a subjectAltName.
std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    boost::system::error_code not_an_address;
    const auto address = boost::asio::ip::make_address(name, not_an_address);
    list.append(list.empty() ? "" : ",")
        .append(not_an_address ? "DNS:" + name : "IP:" + address.to_string());
  }
  return list;
}

void extend(X509& certificate, int extension, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const Extension made(X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str()));
  check(made != nullptr && X509_add_ext(&certificate, made.get(), -1) == 1);
}

X509Certificate make_certificate(EVP_PKEY& key, const std::string& names) {
  X509Certificate certificate(X509_new());
  check(certificate != nullptr);
  std::uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLifetime - kDaySeconds);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto* const name = reinterpret_cast<const unsigned char*>("onair");
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), &key);
  extend(*certificate, NID_basic_constraints, "critical,CA:FALSE");
  extend(*certificate, NID_key_usage, "critical,digitalSignature");
  extend(*certificate, NID_ext_key_usage, "serverAuth");
  extend(*certificate, NID_subject_alt_name, names);
  check(X509_sign(certificate.get(), &key, EVP_sha256()) > 0);
  return certificate;
}

File open(const std::filesystem::path& path, const char* mode) {
  return File(std::fopen(path.c_str(), mode));
}

/// A new file for its owner alone, whatever was there under this name.
File create(const std::filesystem::path& path) {
  unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return File(file < 0 ? nullptr : fdopen(file, "w"));
}

/// Writes the names of a certificate as `alternative_names` does.
std::string names_of(X509& certificate) {
  std::string list;
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const auto* const value =
        static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<std::size_t>(ASN1_STRING_length(value)));
    list.append(list.empty() ? "" : ",");
    if (type == GEN_DNS) {
      list.append("DNS:").append(bytes);
    } else if (bytes.size() == 4) {
      boost::asio::ip::address_v4::bytes_type v4{};
      std::copy(bytes.begin(), bytes.end(), v4.begin());
      list.append("IP:").append(boost::asio::ip::address_v4(v4).to_string());
    } else {
      boost::asio::ip::address_v6::bytes_type v6{};
      std::copy_n(bytes.begin(), std::min(bytes.size(), v6.size()), v6.begin());
      list.append("IP:").append(boost::asio::ip::address_v6(v6).to_string());
    }
  }
  GENERAL_NAMES_free(names);
  return list;
}

bool still_holds(const CertificateFiles& files, const std::string& names) {
  const File file = open(files.chain, "r");
  if (!file || !std::filesystem::exists(files.key)) return false;
  require_private(files.key);
  const X509Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  std::time_t soon = std::time(nullptr) + kRenewBefore;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &soon) > 0 &&
         names_of(*certificate) == names;
}

}  // namespace

CertificateFiles self_signed_certificate(const std::filesystem::path& folder,
                                         const std::vector<std::string>& names) {
  CertificateFiles files{folder / "self-signed.pem", folder / "self-signed.key"};
  const std::string list = alternative_names(names);
  if (still_holds(files, list)) return files;
  const std::error_code no_folder = make_private_folder(folder);
  const Key key(EVP_EC_gen("P-256"));
  check(key != nullptr);
  const X509Certificate certificate = make_certificate(*key, list);
  const File key_file = create(files.key);
  const File chain_file = create(files.chain);
  if (no_folder || !key_file || !chain_file) {
    throw std::runtime_error("No certificate can be written to " + folder.string() +
                             ": choose another folder with --state-dir.");
  }
  check(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  check(PEM_write_X509(chain_file.get(), certificate.get()) == 1);
  return files;
}

}  // namespace onair::net
