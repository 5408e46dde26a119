// Offers and answers of the forwarder (RFC 8829, RFC 9725): pure decisions, and their texts.
//
// A publisher offers what it sends (WHIP, or a room's talker) and gets an answer. A subscriber
// either offers (WHEP) and gets an answer, or gets our offer (a room's page) and answers.
//
// A peer has one transport: one m-line of each kind, bundled, with RTCP on the same port. Whatever
// else is offered is rejected by port 0. We are ICE-lite, and say all our candidates at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/packet.hpp"
#include "sfu/sdp/candidate.hpp"
#include "sfu/sdp/codecs.hpp"
#include "sfu/sdp/sdp.hpp"
#include "sfu/sdp/sdp_error.hpp"

namespace onair::sfu {

template <typename Value>
using PerKind = std::array<Value, kMediaKinds>;

constexpr std::size_t index_of(MediaKind kind) {
  return static_cast<std::size_t>(kind);
}

/// Our side of a peer's connection.
struct LocalTransport {
  std::string ufrag;
  std::string pwd;
  std::string fingerprint;  ///< `sha-256 12:DF:…`
  std::vector<Candidate> candidates;
  std::uint64_t session_id = 1;       ///< of `o=`; below 2^63
  std::uint64_t session_version = 1;  ///< grows with each description of one session
};

/// Ids of header extensions, 1 to 14 (one-byte headers, RFC 8285); 0: not agreed.
struct ExtensionIds {
  std::uint8_t transport_cc = 0;
  std::uint8_t abs_send_time = 0;
  std::uint8_t audio_level = 0;
  std::uint8_t video_orientation = 0;
  std::uint8_t mid = 0;
};

/// Feedback that the receiver of a format may send.
struct FeedbackKinds {
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool transport_cc = false;
  bool remb = false;
};

/// Bound of the formats of one m-line.
inline constexpr std::size_t kMaxAgreedFormats = 16;

struct AgreedFormat {
  StreamFormat stream;
  std::uint8_t payload_type = 0;
  std::optional<std::uint8_t> rtx_payload_type;
  FeedbackKinds feedback;
};

struct StreamSource {
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;  ///< 0: none
};

/// An m-line that both sides accept.
struct AgreedMedia {
  std::string mid;  ///< empty where the peer uses none
  /// Never empty. A publisher sends the only one; a subscriber takes any, the first preferred.
  std::vector<AgreedFormat> formats;
  ExtensionIds extensions;
  /// A publisher's as it announced them, the first one in use; empty where it didn't (known by
  /// mid or payload type then). A subscriber's: ours, exactly one.
  std::vector<StreamSource> sources;
  bool rtcp_rsize = false;
  std::optional<std::uint32_t> ptime;  ///< milliseconds, as the peer wishes
};

struct Agreed {
  PerKind<std::optional<AgreedMedia>> media;
  RemoteTransport remote;    ///< without candidates
  bool begins_dtls = false;  ///< we are DTLS's client

  /// Points into this.
  const AgreedMedia* find(MediaKind kind) const&& = delete;
  const AgreedMedia* find(MediaKind kind) const& {
    const auto& found = media[index_of(kind)];
    return found ? &*found : nullptr;
  }
};

/// An answer, and what it agrees to.
struct Negotiated {
  std::string text;
  Agreed agreed;
};

// Publishers

/// Chromium encodes 1280×720 by VP8 or H264 only if its encoder gets 900 kbit/s at the first frame
/// (webrtc's EncoderInfoSettings::GetDefaultSinglecastBitrateLimits). Otherwise it drops that frame
/// and begins at 960×540, and takes ten seconds and more until it dares to go up again. Audio and
/// headers take some 130 kbit/s of the start bit rate: of 1 Mbit/s the encoder gets too little.
inline constexpr std::uint32_t kPublisherStartBitrate = 1'300'000;  ///< bits per second

struct PublisherPolicy {
  /// Codecs that we take; the offerer's order decides among them.
  std::vector<Codec> codecs{kAllCodecs.begin(), kAllCodecs.end()};
  /// Bits per second that a browser's congestion control starts at; 0: the browser's own.
  std::uint32_t start_bitrate = kPublisherStartBitrate;
};

/// Answers `recvonly`. Feedback: nack, nack pli, ccm fir and transport-cc as offered, goog-remb for
/// those without transport-cc.
/// Errors: too_many (m-lines of a kind that send), no_media, no_codec, no_ice, no_fingerprint,
/// no_bundle, no_rtcp_mux, simulcast (from an encoder that doesn't go on with one layer).
SdpResult<Negotiated> answer_publisher(const Sdp& offer, const LocalTransport& local,
                                       const PublisherPolicy& policy = {});

// Subscribers

/// Formats that a publication sends, for its subscribers.
using Published = PerKind<std::optional<StreamFormat>>;
Published published_by(const Agreed& publisher);

/// Our names for what one subscriber receives.
struct LocalStreams {
  std::string stream_id = "onair";  ///< of `a=msid`
  std::string cname = "onair";
  PerKind<StreamSource> sources;
};

struct SubscriberPolicy {
  /// Accepts the other codecs that the player offers too. A WHEP player can't renegotiate, and the
  /// next talker's codec may be another one: its packets then come by their own payload type.
  bool with_other_codecs = true;
};

/// Answers `sendonly` to a WHEP player. A kind that isn't published, or that shares no codec, is
/// rejected; so is every further m-line. Feedback: nack, nack pli, ccm fir, goog-remb as offered.
/// Errors: as of `answer_publisher`; no_codec where no published kind has a codec in common.
SdpResult<Negotiated> answer_subscriber(const Sdp& offer, const LocalTransport& local,
                                        const Published& published, const LocalStreams& streams,
                                        const SubscriberPolicy& policy = {});

/// The subscriber's format for what is published now, or nullptr: it can't play it.
const AgreedFormat* find_format(const AgreedMedia& subscriber, const StreamFormat& published);

/// Our offer to a subscriber, and what it offers.
struct SubscriberOffer {
  std::string text;
  std::vector<MediaKind> kinds;  ///< of its m-lines, in their order
  PerKind<std::optional<AgreedMedia>> media;
};

/// Offers what is published, which is something: Opus as 111, video as 96 with RTX as 97,
/// `setup:actpass`.
SubscriberOffer offer_subscriber(const LocalTransport& local, const Published& published,
                                 const LocalStreams& streams);

/// Payload types and extension ids are the answer's. Errors: not_our_offer, no_codec (all was
/// rejected), bad_setup, and those of the transport.
SdpResult<Agreed> read_answer(const Sdp& answer, const SubscriberOffer& offer);

}  // namespace onair::sfu
