// Why a session description was not accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "sfu/control/control.hpp"

namespace onair::sfu {

enum class SdpErrorCode : std::uint8_t {
  too_long,        ///< the description, or a value in it
  too_many,        ///< of something that has a bound
  bad_line,        ///< not the grammar of RFC 8866
  no_ice,          ///< no usable ice-ufrag and ice-pwd (RFC 8839), or a peer that is ICE-lite too
  no_fingerprint,  ///< no certificate fingerprint by a hash that we know (RFC 8122)
  bad_setup,       ///< the DTLS roles don't fit (RFC 8842)
  no_bundle,       ///< audio and video not on one transport (RFC 8843)
  no_rtcp_mux,     ///< RTCP on a port of its own (RFC 5761)
  simulcast,       ///< several layers, all of which the peer needs accepted
  no_media,        ///< nothing that we could receive, or send
  no_codec,        ///< no codec that both sides have
  not_our_offer,   ///< an answer that doesn't fit the offer
};

struct SdpError {
  SdpErrorCode code;
  std::string message;  ///< a sentence for people
};

template <typename Value>
using SdpResult = std::variant<Value, SdpError>;

/// The code's stable name, as `no_rtcp_mux`.
std::string_view name_of(SdpErrorCode code);

/// The code in the forwarder's control protocol: `no_codec`, or `bad_sdp` for all others.
control::ErrorCode control_code_of(SdpErrorCode code);

}  // namespace onair::sfu
