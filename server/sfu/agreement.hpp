// Agreement by SDP (negotiation.hpp), as the way in and the way out take it.
#pragma once

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/publication/subscription.hpp"
#include "sfu/publisher/publisher_feedback.hpp"
#include "sfu/publisher/stream_table.hpp"

namespace onair::sfu {

/// Bits per second that a talker without a congestion control gets by REMB (OBS sends what it is
/// set to; others bound their encoder by it).
inline constexpr std::uint64_t kPublisherRemb = 8'000'000;

/// Equal for formats that the same decoders take: the same codec, H264 of the same profile, VP9 and
/// AV1 of the same profile.
CodecNumber number_of(const StreamFormat& format);

TalkerMediaByKind talker_media_of(const Agreed& talker);
FeedbackOptions feedback_options_of(const Agreed& talker);

/// The agreement with a viewer. Its format for what is published now stands first; the others serve
/// talkers that come later.
Agreement agreement_of(const Agreed& viewer, const Published& published);

}  // namespace onair::sfu
