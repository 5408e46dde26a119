#include "sfu/sdp/sdp_error.hpp"

namespace onair::sfu {

std::string_view name_of(SdpErrorCode code) {
  switch (code) {
    case SdpErrorCode::too_long: return "too_long";
    case SdpErrorCode::too_many: return "too_many";
    case SdpErrorCode::bad_line: return "bad_line";
    case SdpErrorCode::no_ice: return "no_ice";
    case SdpErrorCode::no_fingerprint: return "no_fingerprint";
    case SdpErrorCode::bad_setup: return "bad_setup";
    case SdpErrorCode::no_bundle: return "no_bundle";
    case SdpErrorCode::no_rtcp_mux: return "no_rtcp_mux";
    case SdpErrorCode::simulcast: return "simulcast";
    case SdpErrorCode::no_media: return "no_media";
    case SdpErrorCode::no_codec: return "no_codec";
    case SdpErrorCode::not_our_offer: return "not_our_offer";
  }
  return {};
}

control::ErrorCode control_code_of(SdpErrorCode code) {
  using enum control::ErrorCode;
  return code == SdpErrorCode::no_codec ? no_codec : bad_sdp;
}

}  // namespace onair::sfu
