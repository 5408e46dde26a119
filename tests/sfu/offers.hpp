// Offers in the form in which browsers, encoders and players write them. Each is a raw string in a
// file of its own.
#pragma once

#include <array>
#include <string_view>

namespace onair::tests {

/// Chromium, a talker or WHIP page.
inline constexpr std::string_view kChromiumSendonly =
#include "sfu/offers/chromium_sendonly.inc"
    ;

/// Chromium, a WHEP player.
inline constexpr std::string_view kChromiumRecvonly =
#include "sfu/offers/chromium_recvonly.inc"
    ;

/// Chromium with three layers by rid; it goes on with one.
inline constexpr std::string_view kChromiumSimulcast =
#include "sfu/offers/chromium_simulcast.inc"
    ;

/// MediaMTX's reader in Chromium: video first, and a data channel.
inline constexpr std::string_view kMediamtxReader =
#include "sfu/offers/mediamtx_reader.inc"
    ;

/// Firefox, a WHEP player: fingerprint at the session's level, bundle-only.
inline constexpr std::string_view kFirefoxRecvonly =
#include "sfu/offers/firefox_recvonly.inc"
    ;

/// Safari, a talker: H264 first, the constrained high profile.
inline constexpr std::string_view kSafariSendonly =
#include "sfu/offers/safari_sendonly.inc"
    ;

/// OBS as libdatachannel writes it: no candidates, no RTX, no extensions.
inline constexpr std::string_view kObsSendonly =
#include "sfu/offers/obs_sendonly.inc"
    ;

/// OBS with three layers, all of which it needs accepted.
inline constexpr std::string_view kObsSimulcast =
#include "sfu/offers/obs_simulcast.inc"
    ;

/// GStreamer's webrtcbin: upper-case OPUS, sendrecv, mids of its own.
inline constexpr std::string_view kGstreamerSendrecv =
#include "sfu/offers/gstreamer_sendrecv.inc"
    ;

/// Eyevinn's player in Chromium: video first.
inline constexpr std::string_view kEyevinnRecvonly =
#include "sfu/offers/eyevinn_recvonly.inc"
    ;

/// Two pictures and a sound.
inline constexpr std::string_view kSeveralOfAKind =
#include "sfu/offers/several_of_a_kind.inc"
    ;

inline constexpr std::array kOffers{kChromiumSendonly, kChromiumRecvonly, kChromiumSimulcast,
                                    kMediamtxReader,   kFirefoxRecvonly,  kSafariSendonly,
                                    kObsSendonly,      kObsSimulcast,     kGstreamerSendrecv,
                                    kEyevinnRecvonly,  kSeveralOfAKind};

}  // namespace onair::tests
