// Our side of a negotiation, in tests.
#pragma once

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/offers.hpp"
#include "sfu/sdp_support.hpp"

namespace onair::tests {

inline sfu::LocalTransport our_transport() {
  using enum sfu::CandidateTransport;
  return {.ufrag = "ourufrag",
          .pwd = "ourpasswordourpassword",
          .fingerprint =
              "sha-256 00:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:"
              "C2:43:F0:A1:58:D0:A1:2C:19:08",
          .candidates = {sfu::host_candidate(udp, "192.0.2.1", 9100, 0),
                         sfu::host_candidate(udp, "2001:db8::1", 9100, 1),
                         sfu::host_candidate(tcp, "192.0.2.1", 9100, 0)}};
}

inline sfu::LocalStreams our_streams() {
  sfu::LocalStreams streams;
  streams.sources = {sfu::StreamSource{101, 0}, sfu::StreamSource{201, 202}};
  return streams;
}

inline sfu::Negotiated publish(std::string_view offer) {
  return expect_value(sfu::answer_publisher(parse(offer), our_transport()));
}

inline sfu::Published published(std::string_view offer) {
  return sfu::published_by(publish(offer).agreed);
}

inline sfu::SdpResult<sfu::Negotiated> try_play(std::string_view offer,
                                                const sfu::Published& published,
                                                const sfu::SubscriberPolicy& policy = {}) {
  static const sfu::LocalStreams streams = our_streams();
  return sfu::answer_subscriber(parse(offer), our_transport(), published, streams, policy);
}

inline sfu::Negotiated play(std::string_view offer, const sfu::Published& published) {
  return expect_value(try_play(offer, published));
}

}  // namespace onair::tests
