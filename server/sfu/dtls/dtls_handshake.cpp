#include "sfu/dtls/dtls_handshake.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <sys/time.h>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "sfu/dtls/certificate.hpp"

namespace onair::sfu {
namespace {

constexpr long kMtu = 1'200;

DtlsHandshake* of(BIO* bio) {
  return static_cast<DtlsHandshake*>(BIO_get_data(bio));
}

std::string last_error() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "no reason is known";
}

}  // namespace

DtlsHandshake::DtlsHandshake(SSL_CTX* settings, DtlsRole role, Fingerprints peer,
                             Duration first_timeout)
    : peer_(std::move(peer)), first_timeout_(first_timeout), ssl_(SSL_new(settings)) {
  BIO* const bio = BIO_new(datagram_method());
  if (!ssl_ || bio == nullptr) {
    BIO_free(bio);
    throw std::runtime_error("OpenSSL can't begin a DTLS handshake.");
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_mtu(ssl_.get(), kMtu);
  DTLS_set_timer_cb(ssl_.get(), [](SSL* ssl, unsigned int last_us) -> unsigned int {
    using std::chrono::microseconds;
    const auto* const self = static_cast<DtlsHandshake*>(SSL_get_app_data(ssl));
    const auto last = last_us == 0 ? std::nullopt : std::optional<Duration>(microseconds(last_us));
    const auto next = std::chrono::duration_cast<microseconds>(self->next_timeout(last));
    return static_cast<unsigned int>(next.count());
  });
  if (role == DtlsRole::client) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

DtlsHandshake::Progress DtlsHandshake::receive(Bytes datagram) {
  flight_begins_ = outgoing_.size();
  incoming_ = datagram;
  ERR_clear_error();
  const Progress progress = judge(SSL_do_handshake(ssl_.get()));
  incoming_ = {};
  return progress;
}

DtlsHandshake::Progress DtlsHandshake::judge(int result) {
  if (result == 1) return Progress::done;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Progress::going_on;
  failure_ = certificate_refused_
                 ? "The peer's certificate is not the one that its session description announces."
                 : "The DTLS handshake failed: " + last_error() + ".";
  ERR_clear_error();
  return Progress::failed;
}

std::optional<Duration> DtlsHandshake::timeout() const {
  timeval left{};
  if (DTLSv1_get_timeout(ssl_.get(), &left) != 1) return std::nullopt;
  return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

DtlsHandshake::Progress DtlsHandshake::handle_timeout() {
  ERR_clear_error();
  return DTLSv1_handle_timeout(ssl_.get()) >= 0 ? Progress::going_on : judge(-1);
}

/// Doubles each time (RFC 6347, section 4.2.4.1).
Duration DtlsHandshake::next_timeout(std::optional<Duration> last) const {
  constexpr Duration kLongest = std::chrono::seconds(3);
  return last ? std::min<Duration>(2 * *last, kLongest) : first_timeout_;
}

bool DtlsHandshake::accepts(const X509* certificate) {
  certificate_refused_ =
      certificate == nullptr || std::ranges::none_of(peer_, [&](const Fingerprint& announced) {
        return fingerprint_of(certificate, announced.hash) == announced;
      });
  return !certificate_refused_;
}

std::optional<DtlsOutcome> DtlsHandshake::finish() {
  const auto keys = export_keys();
  if (!keys) {
    failure_ = "The peer knows no SRTP profile that we know.";
    SSL_shutdown(ssl_.get());  // tells the peer
    return std::nullopt;
  }
  const auto read_key = DtlsReadKey::from(ssl_.get());
  if (!read_key) {
    failure_ = "OpenSSL can't derive the keys of DTLS.";
    return std::nullopt;
  }
  DtlsOutcome outcome{.keys = *keys, .read_key = *read_key, .last_flight = {}, .close_notify = {}};
  if (SSL_is_server(ssl_.get()) == 1) {
    const auto flight = std::span(outgoing_).subspan(flight_begins_);
    outcome.last_flight.assign(flight.begin(), flight.end());
  }
  const std::size_t before = outgoing_.size();
  SSL_shutdown(ssl_.get());
  if (outgoing_.size() > before) {
    outcome.close_notify = std::move(outgoing_.back());
    outgoing_.resize(before);
  }
  return outcome;
}

/// RFC 5764, section 4.2: the client's key, the server's, the client's salt, the server's.
std::optional<SrtpKeys> DtlsHandshake::export_keys() {
  const SRTP_PROTECTION_PROFILE* const chosen = SSL_get_selected_srtp_profile(ssl_.get());
  if (chosen == nullptr) return std::nullopt;
  SrtpKeys keys{.profile = chosen->id == SRTP_AEAD_AES_128_GCM ? SrtpProfile::aead_aes_128_gcm
                                                               : SrtpProfile::aes128_cm_sha1_80,
                .send = {},
                .receive = {}};
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  const std::size_t key = keys.send.key.size();
  const std::size_t salt = salt_size(keys.profile);
  std::array<std::uint8_t, 60> space;
  const auto block = std::span(space).first(2 * (key + salt));
  if (SSL_export_keying_material(ssl_.get(), block.data(), block.size(), kLabel.data(),
                                 kLabel.size(), nullptr, 0, 0) != 1) {
    return std::nullopt;
  }
  const bool server = SSL_is_server(ssl_.get()) == 1;
  SrtpMasterKey& clients = server ? keys.receive : keys.send;
  SrtpMasterKey& servers = server ? keys.send : keys.receive;
  std::ranges::copy(block.first(key), clients.key.begin());
  std::ranges::copy(block.subspan(key, key), servers.key.begin());
  std::ranges::copy(block.subspan(2 * key, salt), clients.salt.begin());
  std::ranges::copy(block.last(salt), servers.salt.begin());
  OPENSSL_cleanse(space.data(), space.size());
  return keys;
}

/// OpenSSL 3.0's memory BIO joins datagrams; this one keeps them apart. Made once, never changed.
BIO_METHOD* DtlsHandshake::datagram_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    if (made == nullptr) return made;
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    BIO_meth_set_write(made, write_datagram);
    BIO_meth_set_read(made, read_datagram);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

int DtlsHandshake::write_datagram(BIO* bio, const char* bytes, int size) {
  const Bytes datagram = bytes_of({bytes, static_cast<std::size_t>(size)});
  of(bio)->outgoing_.emplace_back(datagram.begin(), datagram.end());
  return size;
}

/// Gives a datagram once and whole, and then says "later".
int DtlsHandshake::read_datagram(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const Bytes datagram = std::exchange(of(bio)->incoming_, {});
  if (datagram.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const auto taken = std::min(datagram.size(), static_cast<std::size_t>(size));
  std::ranges::copy(datagram.first(taken), bytes);
  return static_cast<int>(taken);
}

long DtlsHandshake::control(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return kMtu;
    default: return 0;
  }
}

}  // namespace onair::sfu
