// The inputs and outputs that concern the talker's own camera, microphone or screen (W3C Media
// Capture and Streams, Screen Capture).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/reception.hpp"
#include "session/uplink_planner.hpp"

namespace onair::session {

enum class MediaSource { camera, screen };

enum class DeviceKind { camera, microphone };

/// MediaDeviceInfo; without a label until the person has allowed the devices once.
struct Device {
  DeviceKind kind;
  std::string id;
  std::string label;
  bool operator==(const Device&) const = default;
};

/// What is asked of the camera: 640x360, 1280x720 or 1920x1080.
enum class PictureSize { small, standard, large };

/// What the person picked. An empty id leaves it to the browser.
struct MediaChoice {
  std::string camera = {};
  std::string microphone = {};
  PictureSize size = PictureSize::standard;
  bool operator==(const MediaChoice&) const = default;
};

std::string_view name_of(PictureSize size);

/// Names one getUserMedia or getDisplayMedia call and the stream it gave.
using CaptureNumber = std::uint32_t;

// Outputs.

/// Ask for a stream. Ends in MediaReady or MediaFailed.
struct AcquireMedia {
  CaptureNumber capture;
  MediaSource source;
  MediaChoice choice = {};  ///< of the camera's
};

/// enumerateDevices(). Ends in DevicesListed, or in nothing.
struct ListDevices {};

/// Whether the microphone is heard and the camera seen; a screen and its sound always are.
struct EnableTracks {
  bool microphone;
  bool camera;
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
  bool preview_only = false;  ///< not on air before On Air is pressed
};

/// The list of devices may be another now.
struct DevicesChanged {};

struct DevicesListed {
  std::vector<Device> devices;
};

/// The person picked something else; on air it takes its place at once.
struct MediaChosen {
  MediaChoice choice;
};

struct MicrophoneSwitched {
  bool on;
};

struct CameraSwitched {
  bool on;
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

/// A track of the stream ended by itself; of a screen, `kind` is the camera's.
struct MediaEnded {
  CaptureNumber capture;
  DeviceKind kind = DeviceKind::camera;
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
  SendingReport sending = {};
};

struct OnAirRequested {};
struct StopRequested {};

/// Let no further watchers in, or let them in again.
struct LockSwitched {
  bool locked;
};

/// Send this viewer away for good.
struct RemovalRequested {
  PeerId viewer;
};

/// Stop, and send everyone away.
struct RoomEndRequested {};

}  // namespace onair::session
