// Session descriptions of strangers: nothing crashes, and what is answered is a description with
// the offer's m-lines in their places, those that are accepted bundled and those that aren't not.
#include "sfu/sdp/sdp.hpp"

#include <array>
#include <variant>

#include "fuzz/targets.hpp"
#include "sfu/negotiation/ice_fragment.hpp"
#include "sfu/negotiation/negotiation.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;

LocalTransport make_local() {
  return {.ufrag = "ourufrag",
          .pwd = "ourpasswordourpassword",
          .fingerprint =
              "sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:"
              "C2:43:F0:A1:58:D0:A1:2C:19:08",
          .candidates = {host_candidate(CandidateTransport::udp, "192.0.2.1", 9100, 0),
                         host_candidate(CandidateTransport::tcp, "2001:db8::1", 9100, 0)}};
}

LocalStreams make_streams() {
  LocalStreams streams;
  streams.sources = {StreamSource{1, 0}, StreamSource{2, 3}};
  return streams;
}

std::array<Published, 4> make_publications() {
  const StreamFormat opus{Codec::opus, "stereo=1"};
  return {
      Published{opus, StreamFormat{Codec::vp8, ""}},
      Published{opus, StreamFormat{Codec::h264, "packetization-mode=1;profile-level-id=42e01f"}},
      Published{std::nullopt, StreamFormat{Codec::av1, ""}}, Published{opus, std::nullopt}};
}

/// A refusal, as an error of the peer, is no fault.
void check_answer(const Sdp& offer, const SdpResult<Negotiated>& answered) {
  const auto* const answer = std::get_if<Negotiated>(&answered);
  if (answer == nullptr) {
    check(!std::get<SdpError>(answered).message.empty(), "a refusal says why");
    return;
  }
  const auto parsed = Sdp::parse(answer->text);
  check(std::holds_alternative<Sdp>(parsed), "an answer can be read");
  const Sdp& sdp = std::get<Sdp>(parsed);
  check(sdp.sections.size() == offer.sections.size(), "an answer has the offer's m-lines");
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < sdp.sections.size(); ++at) {
    const Section& section = sdp.sections[at];
    const Section& asked = offer.sections[at];
    check(section.media == asked.media && section.mid == asked.mid, "in the offer's order");
    check(section.protocol == asked.protocol, "with the offer's protocols");
    accepted += section.in_use() ? 1 : 0;
    const bool bundled = !section.mid.empty() && sdp.find_bundle(section.mid) != nullptr;
    check(!bundled || section.in_use(), "what is rejected is not bundled");
    if (!section.in_use()) continue;
    check(section.transport.ufrag == "ourufrag", "what is accepted has a transport");
    for (const Format& format : section.formats) {
      check(asked.find_format(format.payload_type) != nullptr, "by the offer's payload types");
    }
  }
  check(accepted >= 1 && accepted <= kMediaKinds, "at most one m-line of a kind is accepted");
  check(!answer->agreed.remote.ufrag.empty(), "the peer can be found by its ufrag");
  check(!answer->agreed.remote.fingerprints.empty(), "and proves itself");
  for (const auto& media : answer->agreed.media) {
    check(!media || !media->formats.empty(), "what is agreed has a format");
  }
}

void run_fragment(std::string_view input, const RemoteTransport& known) {
  const auto fragment = IceFragment::parse(input);
  if (const auto* const read = std::get_if<IceFragment>(&fragment)) {
    check(read->candidates.size() <= kMaxCandidates, "candidates are bounded");
    static_cast<void>(kind_of(*read, known));
  }
}

}  // namespace

void onair::fuzz::run(std::string_view input) {
  static const LocalTransport local = make_local();
  static const LocalStreams streams = make_streams();
  static const auto publications = make_publications();
  run_fragment(input, {});
  const auto parsed = Sdp::parse(input);
  const auto* const sdp = std::get_if<Sdp>(&parsed);
  if (sdp == nullptr) return;
  const auto publisher = answer_publisher(*sdp, local);
  check_answer(*sdp, publisher);
  if (const auto* const negotiated = std::get_if<Negotiated>(&publisher)) {
    const auto fragment = IceFragment::parse(restart_answer(local, negotiated->agreed));
    check(std::holds_alternative<IceFragment>(fragment), "a restart's answer can be read");
    const auto offer = offer_subscriber(local, published_by(negotiated->agreed), streams);
    check(std::holds_alternative<Sdp>(Sdp::parse(offer.text)), "what is published is offered");
  }
  for (const Published& published : publications) {
    check_answer(*sdp, answer_subscriber(*sdp, local, published, streams));
    const auto offer = offer_subscriber(local, published, streams);
    const auto agreed = read_answer(*sdp, offer);
    if (const auto* const read = std::get_if<Agreed>(&agreed)) {
      check(!read->remote.fingerprints.empty(), "a subscriber proves itself");
    }
  }
}
