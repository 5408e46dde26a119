// The talker's local stream: requested, previewed, on air, replaced. It knows no server and no
// viewers; TalkSession executes its outputs in order.
//
// Picture and microphone are two tracks, each with its own device. A broadcast starts and goes on
// with what there is: a track that fails or is unplugged leaves the other alone, and comes in when
// its device comes. No picture begins that the broadcaster has not chosen: a camera begins by Start
// video, by a choice in the menu, or where Start video found none and the page announced that it
// comes in. Once a camera was shown, no other begins by itself: not when it is unplugged, not when
// the screen ends that covered it, not when another size of its picture is chosen.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/chat.hpp"
#include "session/page.hpp"
#include "session/talk/local_media.hpp"
#include "session/time.hpp"

namespace onair::session {

/// The stream is on air, or its announcement was requested again: announce it.
struct OnAirReached {};

/// Another stream is in use: every connection must send its tracks.
struct TracksChanged {};

/// The stream has ended without a replacement: stop the broadcast.
struct StreamLost {
  Notice why;
};

using StreamOutput = std::variant<AcquireMedia, UseMedia, ReleaseMedia, ListDevices, EnableTracks,
                                  Notice, Trace, OnAirReached, TracksChanged, StreamLost>;
using StreamOutputs = std::vector<StreamOutput>;

class LocalStream {
 public:
  enum class Stage { idle, starting, preview, on_air };

  StreamOutputs handle(const StartRequested& start, TimePoint now);
  StreamOutputs handle(const DevicesChanged&, TimePoint);
  StreamOutputs handle(const DevicesListed& listed, TimePoint);
  StreamOutputs handle(const PermissionGranted& granted, TimePoint);
  StreamOutputs handle(const MediaChosen& chosen, TimePoint now);
  StreamOutputs handle(const MicrophoneSwitched& switched, TimePoint);
  StreamOutputs handle(const CameraSwitched& switched, TimePoint);
  StreamOutputs handle(const MediaReady& ready, TimePoint now);
  StreamOutputs handle(const PreviewReady& ready, TimePoint now);
  StreamOutputs handle(const MediaFailed& failed, TimePoint now);
  StreamOutputs handle(const MediaEnded& ended, TimePoint now);
  StreamOutputs handle(const MediaMuted& muted, TimePoint);
  StreamOutputs handle(const OnAirRequested&, TimePoint now);
  /// Gives up the wait for a picture's first frame, if that is due.
  StreamOutputs advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return first_frame_.at(); }

  /// Releases every capture.
  StreamOutputs stop();

  Stage stage() const;
  bool on_air() const { return std::holds_alternative<OnAir>(phase_); }
  std::optional<TimePoint> on_air_since() const;
  /// Source of the picture in use, or else of the one requested.
  std::optional<MediaSource> source() const;
  /// Captures that were requested and not released.
  std::vector<CaptureNumber> captures() const;
  bool microphone_on() const { return microphone_on_; }
  bool camera_on() const { return camera_on_; }
  const std::vector<Device>& devices() const { return devices_; }
  /// The devices that the person picked. After a switch that failed, those that are sent; empty
  /// where the one picked was missing and any other is sent.
  const MediaChoice& choice() const { return choice_; }
  DeviceState picture_state() const { return state_of(picture_); }
  DeviceState microphone_state() const { return state_of(microphone_); }
  /// State of picture and sound, for viewers.
  protocol::ChatMedia sent() const;
  /// The picture to encode.
  PictureKind picture() const;
  /// How the microphone in use was requested.
  SoundMode sound() const;

 private:
  /// A request, and the devices that it granted.
  struct Capture {
    MediaSource source;
    MediaChoice choice;
    bool picture;
    bool microphone;
    /// No other will do. Empty: where the chosen one is missing, any.
    std::string only_camera = {};
    bool granted = false;
    Extent size = {};
    bool sound = false;  ///< a screen's own
  };
  /// The picture or the microphone: what is sent, and what is requested in its place.
  struct LocalTrack {
    DeviceKind kind;
    CaptureNumber current = 0;
    CaptureNumber next = 0;
    bool ended = false;        ///< the current one was unplugged
    bool interrupted = false;  ///< the system mutes the current one
    bool frameless = false;    ///< no frame of the current one has come in time
    bool unseen = false;       ///< the current one came where none was sent, and no frame of it yet
    bool gave_way = false;     ///< the current one was released so that the next one can open
    /// The choice to return to if the next one fails: set while a device that works is being
    /// replaced.
    std::optional<MediaChoice> before = {};
    DeviceState trouble = DeviceState::idle;  ///< why there is none
  };
  struct Idle {};
  struct Preparing {
    bool preview_only;
    bool ready = false;  ///< there is something to send; a picture has its metadata, or is late
  };
  struct OnAir {
    TimePoint since;
  };
  using Phase = std::variant<Idle, Preparing, OnAir>;
  /// The picture that a screen covers. It returns when the screen ends.
  struct Covered {
    bool camera;
    DeviceState trouble;  ///< why there was no camera
  };

  bool runs() const { return !std::holds_alternative<Idle>(phase_); }
  static bool is_empty(const LocalTrack& track) { return track.current == 0 && track.next == 0; }
  static bool works(const LocalTrack& track) { return track.current != 0 && !track.ended; }
  bool is_screen(CaptureNumber capture) const;
  static const std::string& asked_camera(const Capture& request) {
    return request.only_camera.empty() ? request.choice.camera : request.only_camera;
  }
  DeviceState state_of(const LocalTrack& track) const;
  LocalTrack& track_of(DeviceKind kind) {
    return kind == DeviceKind::camera ? picture_ : microphone_;
  }
  const LocalTrack& other_than(const LocalTrack& track) const {
    return track.kind == DeviceKind::camera ? microphone_ : picture_;
  }

  Trace transition(Phase next, std::string_view reason);
  void acquire_screen(StreamOutputs& outputs);
  void acquire(bool picture, bool microphone, const MediaChoice& choice, StreamOutputs& outputs,
               const std::string& only_camera = {});
  void acquire(const LocalTrack& track, const MediaChoice& choice, StreamOutputs& outputs,
               const std::string& only_camera = {}) {
    acquire(&track == &picture_, &track == &microphone_, choice, outputs, only_camera);
  }
  std::string camera_for_the_same_choice() const;
  /// The one that may begin by itself; empty where any will do, as for a microphone.
  std::string only_device(const LocalTrack& track) const {
    return track.kind == DeviceKind::camera ? only_camera_ : std::string();
  }
  void await(LocalTrack& track, CaptureNumber capture, StreamOutputs& outputs);
  void release(CaptureNumber capture, const LocalTrack& track, StreamOutputs& outputs);
  void release_all(StreamOutputs& outputs);
  void adopt(LocalTrack& track, StreamOutputs& outputs);
  void cover(CaptureNumber covered);
  void use(StreamOutputs& outputs) const;
  void keep_screen();
  void go_back_to_preview();
  void fail_screen(Notice reason, StreamOutputs& outputs);
  void fail(LocalTrack& track, const Capture& request, Notice reason, StreamOutputs& outputs);
  void give_up_switch(LocalTrack& track, const Capture& request, Notice reason,
                      StreamOutputs& outputs);
  void go_without(LocalTrack& track, DeviceState why, StreamOutputs& outputs);
  void end_screen(StreamOutputs& outputs);
  void replace_lost(const LocalTrack& track, TimePoint now, StreamOutputs& outputs);
  bool comes(const LocalTrack& track, const std::vector<Device>& before) const;
  void take_in(LocalTrack& track, StreamOutputs& outputs);
  void proceed(Notice reason, TimePoint now, StreamOutputs& outputs);
  void go_on_air(std::string_view reason, TimePoint now, StreamOutputs& outputs);
  void make_ready(std::string_view reason, TimePoint now, StreamOutputs& outputs);

  Phase phase_;
  LocalTrack picture_{DeviceKind::camera};
  LocalTrack microphone_{DeviceKind::microphone};
  DeadlineTimer first_frame_;  ///< of the picture in use
  std::map<CaptureNumber, Capture> captures_;
  CaptureNumber last_capture_ = 0;
  bool camera_wanted_ = false;  ///< Start video was pressed and no screen covers it
  /// Id of the camera that was shown last, or chosen since: no other begins by itself. Empty while
  /// any will do.
  std::string only_camera_;
  std::optional<Covered> covered_;
  std::vector<Device> devices_;
  bool list_is_due_ = false;    ///< devices have come or gone since the last list
  bool camera_missed_ = false;  ///< a list has come since the camera was lost
  MediaChoice choice_;
  bool microphone_on_ = true;
  bool camera_on_ = true;
};

std::string_view name_of(LocalStream::Stage stage);

}  // namespace onair::session
