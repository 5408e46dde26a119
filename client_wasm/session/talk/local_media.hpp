// The inputs and outputs that concern the talker's own camera, microphone or screen (W3C Media
// Capture and Streams, Screen Capture).
#pragma once

#include <cstdint>
#include <optional>
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

/// Use of the microphone. Speech is processed: no echo, no noise, an even level. Music is sent
/// as it sounds, in stereo and with more bits.
enum class SoundMode { speech, music };

/// Devices, size and sound that the person picked. An empty id leaves the choice to the browser.
struct MediaChoice {
  std::string camera = {};
  std::string microphone = {};
  PictureSize size = PictureSize::standard;
  SoundMode sound = SoundMode::speech;
  bool operator==(const MediaChoice&) const = default;
};

/// Copies one device's fields of a choice.
void copy_device(DeviceKind kind, const MediaChoice& from, MediaChoice& to);
bool same_device(DeviceKind kind, MediaChoice a, const MediaChoice& b);

std::string_view name_of(PictureSize size);
std::string_view name_of(SoundMode sound);

/// State of a device: sent, or why not.
enum class DeviceState {
  idle,         ///< not wanted
  starting,     ///< requested
  live,         ///< sent
  missing,      ///< no such device was found
  busy,         ///< another program uses it
  refused,      ///< the person or the browser does not allow it
  failed,       ///< any other failure
  lost,         ///< unplugged; a camera returns by itself only if it is the same one
  interrupted,  ///< muted by the system, as during a telephone call
  frameless,    ///< opened, but no frame of its picture has come
};

std::string_view name_of(DeviceState state);

/// MediaStreamTrack.contentHint, which tells the encoder what matters (W3C mst-content-hint): sharp
/// text for a screen, smooth movement for a camera.
std::string_view content_hint_of(MediaSource source);
std::string_view content_hint_of(SoundMode sound);

/// Identifies one getUserMedia or getDisplayMedia call and its stream. 0 is none.
using CaptureNumber = std::uint32_t;

// Outputs.

/// Request a stream: a screen with its sound, or of the devices the camera, the microphone or both.
/// Ends in MediaReady or MediaFailed.
struct AcquireMedia {
  CaptureNumber capture;
  MediaSource source;
  MediaChoice choice = {};  ///< for devices only
  bool picture = true;
  bool microphone = true;  ///< never with a screen
};

/// enumerateDevices(). Ends in DevicesListed, or in nothing.
struct ListDevices {};

/// Enable or disable the microphone and the camera; a screen and its sound are always on.
struct EnableTracks {
  bool microphone;
  bool camera;
};

/// Preview a stream of this picture and this microphone, and send it over connections created from
/// now on. A screen's own sound belongs to its picture and is mixed with the microphone. Ends in
/// PreviewReady with the picture's capture, or in nothing without a picture. Without both, clear
/// the preview.
struct UseMedia {
  CaptureNumber picture = 0;
  CaptureNumber microphone = 0;
};

/// Stop every track of the capture, or that of one kind only, so that the device's light goes out.
struct ReleaseMedia {
  CaptureNumber capture;
  std::optional<DeviceKind> only = {};
};

/// Send the tracks of the stream in use instead of the earlier ones (replaceTrack, without a new
/// negotiation). Ends in TracksReplaced or StepFailed; after the latter the viewer gets a new
/// connection.
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

/// The person allowed a device that was refused.
struct PermissionGranted {
  DeviceKind kind;
};

/// The person picked other devices, another size or another sound; on air the switch is immediate.
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
  Extent size = {};         ///< of the picture, as far as known
  bool sound = false;       ///< a screen has sound of its own
  std::string camera = {};  ///< id of the camera that was opened, as far as known
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

/// The system mutes a track, or no longer does (W3C mediacapture-streams section 4.3.1): a
/// telephone call, a page in the background, a switch at the device.
struct MediaMuted {
  CaptureNumber capture;
  DeviceKind kind;
  bool muted;
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

/// Remove this viewer from the room. The person can enter an open room anew.
struct RemovalRequested {
  PeerId viewer;
};

/// Stop, and remove everyone from the room.
struct RoomEndRequested {};

}  // namespace onair::session
