// The talker's camera, microphone and screen (W3C Media Capture and Streams, Screen Capture), and
// the preview of what is in use.
#pragma once

#include <map>

#include "browser/events.hpp"
#include "session/local_media.hpp"

namespace onair::browser {

class Captures {
 public:
  /// `preview` is a <video>. `target` hears media_granted, media_failed, media_ended,
  /// preview_ready and play_failed with the capture's number as the generation.
  Captures(const EventTarget& target, val preview);

  void acquire(const session::AcquireMedia& command);

  /// Keeps the stream that the browser granted.
  void granted(session::CaptureNumber capture, const val& stream);

  /// Shows the stream. One without sound takes over the microphone of the one before.
  void use(session::CaptureNumber capture);

  /// Stops every track. Does nothing for a capture that was not granted.
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
  };

  const EventTarget& target_;
  val preview_;
  std::map<session::CaptureNumber, Capture> captures_;
  session::CaptureNumber in_use_ = 0;
};

}  // namespace onair::browser
