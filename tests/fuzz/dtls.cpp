// Fingerprints of SDP, and DTLS records as they are read outside of OpenSSL: each line is a
// datagram for a server's handshake, and for a transport that is connected.
#include "sfu/dtls/dtls.hpp"

#include "fuzz/targets.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;

void carry(DtlsTransport& from, DtlsTransport& to, TimePoint now) {
  for (const Datagram& datagram : from.take_outgoing()) to.receive(datagram, now);
}

/// Made once: hostile datagrams don't change it.
DtlsTransport& connected(const DtlsCertificate& certificate, const DtlsContext& context) {
  static DtlsTransport server(context, DtlsRole::server, {certificate.fingerprint()}, {});
  static DtlsTransport client(context, DtlsRole::client, {certificate.fingerprint()}, {});
  while (client.state() == DtlsTransport::State::handshaking) {
    carry(client, server, {});
    carry(server, client, {});
  }
  return server;
}

void read_fingerprint(std::string_view line) {
  const auto read = parse_fingerprint(line);
  if (const auto* const fingerprint = std::get_if<Fingerprint>(&read)) {
    check(std::get<Fingerprint>(parse_fingerprint(text_of(*fingerprint))) == *fingerprint,
          "what was written is read as the same");
  }
}

}  // namespace

void onair::fuzz::run(std::string_view input) {
  static const DtlsCertificate certificate;
  static const DtlsContext context(certificate, std::chrono::minutes(10));
  static DtlsTransport& old = connected(certificate, context);
  DtlsTransport fresh(context, DtlsRole::server, {certificate.fingerprint()}, {});
  for_each_line(input, [&](std::string_view line) {
    read_fingerprint(line);
    fresh.receive(bytes_of(line), {});
    old.receive(bytes_of(line), {});
    check(fresh.state() != DtlsTransport::State::connected, "nobody connects by chance");
    check(old.state() == DtlsTransport::State::connected, "hostile datagrams close nothing");
    check(old.take_outgoing().empty(), "nor are they answered");
  });
}
