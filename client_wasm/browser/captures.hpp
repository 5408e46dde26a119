// The talker's camera, microphone and screen (W3C Media Capture and Streams, Screen Capture), and
// the preview of what is in use.
#pragma once

#include <map>
#include <vector>

#include "browser/events.hpp"
#include "session/talk/local_media.hpp"

namespace onair::browser {

class Captures {
 public:
  /// `preview` is a <video>. `target` receives media_granted, media_failed, media_ended,
  /// preview_ready and play_failed tagged with the capture's number, and devices_changed and
  /// devices_listed untagged.
  Captures(const EventTarget& target, val preview);

  void acquire(const session::AcquireMedia& command);

  /// Keeps the stream that the browser granted.
  void granted(session::CaptureNumber capture, const val& stream);

  /// Shows the stream. A screen takes over the previous stream's microphone, mixed with its own
  /// sound if it has any.
  void use(session::CaptureNumber capture);

  /// Applies to the stream in use.
  void enable(const session::EnableTracks& command);

  /// `target` receives devices_listed once, and devices_changed at each change.
  void list_devices();

  /// The cameras and microphones in a result of enumerateDevices.
  static std::vector<session::Device> devices_in(const val& list);

  /// The device that a media_ended event refers to.
  static session::DeviceKind kind_of_ended(const val& event);

  /// Stops every track, and forgets the capture.
  void release(session::CaptureNumber capture);

  /// The stream in use, or null.
  val in_use() const;

  /// The notice for a rejected capture.
  static session::Notice reason_of(const val& error, session::MediaSource source);

  /// The source that was requested under this number.
  session::MediaSource source_of(session::CaptureNumber capture) const;

 private:
  struct Capture {
    session::MediaSource source;
    val stream = val::null();
    val held = val::array();       ///< every track to stop on release
    val microphone = val::null();  ///< the device's own track
    val mixer = val::null();       ///< an AudioContext
  };

  static void take_over_microphone(const Capture& from, Capture& to);

  const EventTarget& target_;
  val preview_;
  std::map<session::CaptureNumber, Capture> captures_;
  session::CaptureNumber in_use_ = 0;
};

}  // namespace onair::browser
