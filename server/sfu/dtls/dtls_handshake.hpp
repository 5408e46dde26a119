// A DTLS handshake on OpenSSL. DtlsTransport makes it, and frees it when it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "sfu/base/bytes.hpp"
#include "sfu/base/openssl.hpp"
#include "sfu/base/time.hpp"
#include "sfu/dtls/dtls_records.hpp"
#include "sfu/sdp/fingerprint.hpp"
#include "sfu/srtp/srtp_keys.hpp"

namespace onair::sfu {

using Datagram = std::vector<std::uint8_t>;
using Datagrams = std::vector<Datagram>;

/// The role that SDP gives us (RFC 8842, section 5): a=setup:active is the client.
enum class DtlsRole : std::uint8_t { client, server };

/// All that is needed of a connection once its handshake is over.
struct DtlsOutcome {
  SrtpKeys keys;
  DtlsReadKey read_key;
  Datagrams last_flight;  ///< a server's: its client asks for it again when it is lost
  Datagram close_notify;  ///< made in advance
};

class DtlsHandshake {
 public:
  enum class Progress : std::uint8_t { going_on, done, failed };

  /// Throws std::runtime_error when OpenSSL fails.
  DtlsHandshake(SSL_CTX* settings, DtlsRole role, Fingerprints peer, Duration first_timeout);
  DtlsHandshake(const DtlsHandshake&) = delete;  // OpenSSL's object points to this one
  DtlsHandshake& operator=(const DtlsHandshake&) = delete;

  /// Goes on with a datagram of the peer's. A client begins with an empty one.
  Progress receive(Bytes datagram);

  /// Until OpenSSL's retransmission timer runs out, by OpenSSL's own clock.
  std::optional<Duration> timeout() const;
  /// Sends the last flight again when the timer has run out.
  Progress handle_timeout();

  Datagrams take_outgoing() { return std::exchange(outgoing_, {}); }
  /// Why it failed, in a sentence for people.
  const std::string& failure() const { return failure_; }
  /// After Progress::done, once.
  std::optional<DtlsOutcome> finish();

  /// Used by the callbacks of DtlsContext.
  bool accepts(const X509* certificate);
  Duration next_timeout(std::optional<Duration> last) const;

 private:
  static BIO_METHOD* datagram_method();
  static int write_datagram(BIO* bio, const char* bytes, int size);
  static int read_datagram(BIO* bio, char* bytes, int size);
  static long control(BIO* bio, int command, long number, void* pointer);

  Progress judge(int result);
  std::optional<SrtpKeys> export_keys();

  Fingerprints peer_;
  Duration first_timeout_;
  bool certificate_refused_ = false;
  std::string failure_;
  Bytes incoming_;
  Datagrams outgoing_;
  std::size_t flight_begins_ = 0;  ///< in outgoing_: what the last call wrote
  OpensslPtr<SSL, SSL_free> ssl_;
};

}  // namespace onair::sfu
