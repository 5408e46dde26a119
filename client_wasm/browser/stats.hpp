// What an RTCStatsReport says (W3C webrtc-stats), in the terms of the sessions.
#pragma once

#include <emscripten/val.h>

#include "session/reception.hpp"
#include "session/uplink_planner.hpp"

namespace onair::browser {

/// Of the picture that is sent.
session::EncoderReport encoder_report(const emscripten::val& stats);

session::SendingReport sending_report(const emscripten::val& stats);

session::ReceivingReport receiving_report(const emscripten::val& stats);

}  // namespace onair::browser
