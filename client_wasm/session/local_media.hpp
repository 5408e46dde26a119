// The inputs and outputs that concern the talker's own camera, microphone or screen (W3C Media
// Capture and Streams, Screen Capture).
#pragma once

#include <cstdint>

#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/uplink_planner.hpp"

namespace onair::session {

enum class MediaSource { camera, screen };

/// Names one getUserMedia or getDisplayMedia call and the stream it gave.
using CaptureNumber = std::uint32_t;

// Outputs.

/// Ask for a stream. Ends in MediaReady or MediaFailed.
struct AcquireMedia {
  CaptureNumber capture;
  MediaSource source;
};

/// Make this stream the one that is previewed and that connections made from now on send. Ends in
/// PreviewReady.
struct UseMedia {
  CaptureNumber capture;
};

/// Stop every track of the stream, so that the camera's light goes out; clear the preview if it
/// was the one in use.
struct ReleaseMedia {
  CaptureNumber capture;
};

/// Send the tracks of the stream in use instead of the earlier ones (replaceTrack, without a new
/// negotiation). Ends in TracksReplaced or StepFailed.
struct ReplaceTracks {
  ConnectionKey key;
};

/// setParameters() of the picture's sender. Ends in SendingLimited or StepFailed.
struct LimitSending {
  ConnectionKey key;
  SendLimits limits;
};

/// getStats() of what is sent. Ends in SendingMeasured, or in nothing.
struct MeasureSending {
  ConnectionKey key;
};

// Inputs.

struct StartRequested {
  MediaSource source;
};

/// The person allowed it and the stream is there.
struct MediaReady {
  CaptureNumber capture;
};

/// The preview has the stream's metadata.
struct PreviewReady {
  CaptureNumber capture;
};

struct MediaFailed {
  CaptureNumber capture;
  Notice reason;
};

/// The stream's picture ended by itself.
struct MediaEnded {
  CaptureNumber capture;
};

struct TracksReplaced {
  ConnectionKey key;
};

struct SendingLimited {
  ConnectionKey key;
};

struct SendingMeasured {
  ConnectionKey key;
  EncoderReport report;
};

struct OnAirRequested {};
struct StopRequested {};

}  // namespace onair::session
