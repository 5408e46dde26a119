// Finds the begin of key frames by the payload of RTP packets.
#pragma once

#include "sfu/base/bytes.hpp"
#include "sfu/base/codec.hpp"

namespace onair::sfu {

/// True if a decoder that knows nothing yet can begin at this packet: it begins a key frame or, in
/// H264, holds a parameter set of a sequence or begins a slice of an IDR picture. Of one H264 frame
/// several packets may be such; the first of them is the one to begin at. VP8 by RFC 7741, VP9 by
/// RFC 9628, H264 by RFC 6184, AV1 by "RTP Payload Format For AV1" of the Alliance for Open Media.
bool may_begin_key_frame(Codec codec, Bytes payload);

}  // namespace onair::sfu
