// The talker's camera, microphone and screen (W3C Media Capture and Streams, Screen Capture), and
// the preview of what is in use.
#pragma once

#include <map>
#include <vector>

#include "browser/events.hpp"
#include "session/local_media.hpp"

namespace onair::browser {

class Captures {
 public:
  /// `preview` is a <video>. `target` hears media_granted, media_failed, media_ended,
  /// preview_ready, play_failed, devices_changed and devices_listed with the capture's number as
  /// the generation.
  Captures(const EventTarget& target, val preview);

  void acquire(const session::AcquireMedia& command);

  /// Keeps the stream that the browser granted.
  void granted(session::CaptureNumber capture, const val& stream);

  /// Shows the stream. A screen takes over the microphone of the one before, and where it has sound
  /// of its own both are mixed.
  void use(session::CaptureNumber capture);

  /// Concerns what is in use.
  void enable(const session::EnableTracks& command);

  /// `target` hears devices_listed, now and whenever the list changes devices_changed.
  void list_devices();

  /// Of what enumerateDevices gave: the cameras and microphones.
  static std::vector<session::Device> devices_in(const val& list);

  /// Which device a media_ended event is about.
  static session::DeviceKind kind_of_ended(const val& event);

  /// Stops every track, and forgets the capture.
  void release(session::CaptureNumber capture);

  /// The stream in use, or null.
  val in_use() const;

  /// What a rejected capture means for a person.
  static session::Notice reason_of(const val& error, session::MediaSource source);

  /// What was asked for under this number.
  session::MediaSource source_of(session::CaptureNumber capture) const;

 private:
  struct Capture {
    session::MediaSource source;
    val stream = val::null();
    val held = val::array();       ///< every track that must be stopped in the end
    val microphone = val::null();  ///< the track as the device gives it
    val mixer = val::null();       ///< an AudioContext
  };

  static void take_over_microphone(const Capture& from, Capture& to);

  const EventTarget& target_;
  val preview_;
  std::map<session::CaptureNumber, Capture> captures_;
  session::CaptureNumber in_use_ = 0;
};

}  // namespace onair::browser
