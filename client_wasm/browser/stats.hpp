// Converts RTCStatsReports (W3C webrtc-stats) to the sessions' types.
#pragma once

#include <emscripten/val.h>

#include "session/reception.hpp"
#include "session/talk/uplink_planner.hpp"

namespace onair::browser {

/// Report on the video encoder.
session::EncoderReport encoder_report(const emscripten::val& stats);

session::SendingReport sending_report(const emscripten::val& stats);

session::ReceivingReport receiving_report(const emscripten::val& stats);

}  // namespace onair::browser
