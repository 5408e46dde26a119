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
#include "session/talk/uplink_planner.hpp"

namespace onair::session {

enum class MediaSource { camera, screen };

enum class DeviceKind { camera, microphone };

/// MediaDeviceInfo; without a label until the person has granted access once.
struct Device {
  DeviceKind kind;
  std::string id;
  std::string label;
  bool operator==(const Device&) const = default;
};

/// Size requested from the camera: 640x360, 1280x720 or 1920x1080.
enum class PictureSize { small, standard, large };

/// Devices and size that the person picked. An empty id leaves the choice to the browser.
struct MediaChoice {
  std::string camera = {};
  std::string microphone = {};
  PictureSize size = PictureSize::standard;
  bool operator==(const MediaChoice&) const = default;
};

std::string_view name_of(PictureSize size);

/// Identifies one getUserMedia or getDisplayMedia call and its stream.
using CaptureNumber = std::uint32_t;

// Outputs.

/// Request a stream. Ends in MediaReady or MediaFailed.
struct AcquireMedia {
  CaptureNumber capture;
  MediaSource source;
  MediaChoice choice = {};  ///< for the camera only
};

/// enumerateDevices(). Ends in DevicesListed, or in nothing.
struct ListDevices {};

/// Enable or disable the microphone and the camera; a screen and its sound are always on.
struct EnableTracks {
  bool microphone;
  bool camera;
};

/// Preview this stream, and send it over connections created from now on. Ends in PreviewReady.
struct UseMedia {
  CaptureNumber capture;
};

/// Stop every track of the stream, so that the camera's light goes out. Clear the preview if the
/// stream was in use.
struct ReleaseMedia {
  CaptureNumber capture;
};

/// Send the tracks of the stream in use instead of the earlier ones (replaceTrack, without a new
/// negotiation). Ends in TracksReplaced or StepFailed.
struct ReplaceTracks {
  ConnectionKey key;
};

/// setParameters() of the video sender. Ends in SendingLimited or StepFailed.
struct LimitSending {
  ConnectionKey key;
  SendLimits limits;
};

/// getStats() of the sending side. Ends in SendingMeasured, or in nothing.
struct MeasureSending {
  ConnectionKey key;
};

// Inputs.

struct StartRequested {
  MediaSource source;
  bool preview_only = false;  ///< stay off air until On Air is pressed
};

/// The list of devices may have changed.
struct DevicesChanged {};

struct DevicesListed {
  std::vector<Device> devices;
};

/// The person picked other devices or another size; on air the switch is immediate.
struct MediaChosen {
  MediaChoice choice;
};

struct MicrophoneSwitched {
  bool on;
};

struct CameraSwitched {
  bool on;
};

/// The person granted access; the stream is available.
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

/// A track of the stream ended by itself. For a screen `kind` is `camera`.
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

/// Stop admitting watchers, or admit them again.
struct LockSwitched {
  bool locked;
};

/// Remove this viewer from the room permanently.
struct RemovalRequested {
  PeerId viewer;
};

/// Stop, and remove everyone from the room.
struct RoomEndRequested {};

}  // namespace onair::session
