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
  /// media_muted, media_unmuted and preview_ready tagged with the capture's number, and
  /// devices_changed, devices_listed, camera_permission and microphone_permission untagged.
  Captures(const EventTarget& target, val preview);

  void acquire(const session::AcquireMedia& command);

  /// Keeps the stream that the browser granted, and describes it.
  session::MediaReady granted(session::CaptureNumber capture, const val& stream);

  /// The kinds of tracks that the system mutes already.
  std::vector<session::DeviceKind> muted_in(session::CaptureNumber capture) const;

  /// Composes the stream in use, and shows it.
  void use(const session::UseMedia& command);

  /// Applies to the stream in use.
  void enable(const session::EnableTracks& command);

  /// `target` receives devices_listed once, and from now on devices_changed at each change. The
  /// first call also asks for both permissions.
  void list_devices();

  /// The cameras and microphones in a result of enumerateDevices.
  static std::vector<session::Device> devices_in(const val& list);

  /// The device that an event of a track refers to.
  static session::DeviceKind kind_of(const val& event);

  /// `target` receives `changed` when the person allows or refuses it from now on.
  void watch_permission(const val& status, Event changed) const;

  /// Stops tracks, and forgets the capture unless it has others.
  void release(const session::ReleaseMedia& command);

  /// The stream in use; empty without one.
  val in_use() const;

  /// The notice for a rejected capture.
  static session::Notice reason_of(const val& error, session::MediaSource source);

  /// The source that was requested under this number.
  session::MediaSource source_of(session::CaptureNumber capture) const;

 private:
  struct Capture {
    session::MediaSource source;
    session::SoundMode sound_mode;
    val stream = val::null();
    val picture = val::null();  ///< its tracks, as long as they run
    val sound = val::null();
  };

  const Capture* find(session::CaptureNumber capture) const;
  void watch(const val& track, session::CaptureNumber capture) const;
  static void stop(val& track);
  val compose(const session::UseMedia& command);
  val mix(const val& own, const val& microphone);
  void clear_preview();
  void close_mixer();

  const EventTarget& target_;
  val preview_;
  std::map<session::CaptureNumber, Capture> captures_;
  session::UseMedia used_;
  val in_use_ = val::null();
  val mixer_ = val::null();  ///< an AudioContext
  bool asks_permissions_ = false;
};

}  // namespace onair::browser
