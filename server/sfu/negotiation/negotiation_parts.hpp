// Code that the negotiations of publishers and subscribers share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfu/negotiation/negotiation.hpp"

namespace onair::sfu {

namespace extension {
inline constexpr std::string_view kTransportCc =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr std::string_view kAbsSendTime =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
inline constexpr std::string_view kAudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
inline constexpr std::string_view kVideoOrientation = "urn:3gpp:video-orientation";
inline constexpr std::string_view kMid = "urn:ietf:params:rtp-hdrext:sdes:mid";
}  // namespace extension

/// Audio or video, over secure RTP, in use.
std::optional<MediaKind> kind_of(const Section& section);

/// Extensions that the peer offers in the direction in which the media flow. Without those that
/// go with a kind of feedback: see `with_feedback`.
ExtensionIds extensions_of(const Section& section, MediaKind kind, bool peer_sends);

/// An extension's id, 1 to 14, or 0.
std::uint8_t extension_id(const Section& section, std::string_view uri, bool peer_sends);

FeedbackKinds feedback_of(const Section& section, std::uint8_t payload_type);

std::optional<std::uint8_t> rtx_of(const Section& section, std::uint8_t payload_type);

/// The peer's transport by these sections, all of which are accepted. They are in the description's
/// order.
SdpResult<RemoteTransport> transport_of(const Sdp& sdp,
                                        const std::vector<const Section*>& accepted);

/// Which m-lines are accepted, and how they are answered.
struct AnswerPlan {
  PerKind<const Section*> sections{};  ///< nullptr: none
  PerKind<std::optional<AgreedMedia>> media;
  Direction direction = Direction::recvonly;
  std::uint32_t start_bitrate = 0;        ///< see LocalSection
  const LocalStreams* streams = nullptr;  ///< see LocalSection
  /// The format parameters that the answer says.
  std::function<std::string(const AgreedFormat&)> parameters_of;

  std::optional<MediaKind> kind_of(const Section& section) const {
    for (const MediaKind kind : kEveryKind) {
      if (sections[index_of(kind)] == &section) return kind;
    }
    return std::nullopt;
  }
  bool is_empty() const { return sections == PerKind<const Section*>{}; }
};

/// The plan accepts something. Errors: those of the transport.
SdpResult<Negotiated> answer_by(const Sdp& offer, const LocalTransport& local, AnswerPlan plan);

}  // namespace onair::sfu
