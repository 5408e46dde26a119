// The talker's local stream: requested, previewed, on air, replaced. It knows no server and no
// viewers; TalkSession executes its outputs in order.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

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
  StreamOutputs handle(const DevicesChanged&, TimePoint) const { return {ListDevices{}}; }
  StreamOutputs handle(const DevicesListed& listed, TimePoint) {
    devices_ = listed.devices;
    return {};
  }
  StreamOutputs handle(const MediaChosen& chosen, TimePoint now);
  StreamOutputs handle(const MicrophoneSwitched& switched, TimePoint) {
    return {EnableTracks{microphone_on_ = switched.on, camera_on_}};
  }
  StreamOutputs handle(const CameraSwitched& switched, TimePoint) {
    return {EnableTracks{microphone_on_, camera_on_ = switched.on}};
  }
  StreamOutputs handle(const MediaReady& ready, TimePoint now);
  StreamOutputs handle(const PreviewReady& ready, TimePoint now);
  StreamOutputs handle(const MediaFailed& failed, TimePoint now);
  StreamOutputs handle(const MediaEnded& ended, TimePoint now);
  StreamOutputs handle(const OnAirRequested&, TimePoint now);

  /// Releases every capture.
  StreamOutputs stop();

  Stage stage() const;
  bool on_air() const { return std::holds_alternative<OnAir>(state_); }
  std::optional<TimePoint> on_air_since() const;
  /// Source of the stream in use, or of the one requested first.
  std::optional<MediaSource> source() const;
  /// Captures that were requested and not released.
  std::vector<CaptureNumber> captures() const;
  bool microphone_on() const { return microphone_on_; }
  bool camera_on() const { return camera_on_; }
  const std::vector<Device>& devices() const { return devices_; }
  const MediaChoice& choice() const { return choice_; }

 private:
  struct Take {
    CaptureNumber capture;
    MediaSource source;
    bool chosen;  ///< requested by device id
  };
  struct Idle {};
  struct Acquiring {
    Take take;
    bool preview_only;
  };
  struct Previewing {
    Take take;
    bool preview_only;
    bool ready = false;  ///< the preview has its metadata
  };
  struct OnAir {
    Take take;
    TimePoint since;
    std::optional<Take> next = {};           ///< requested as a replacement
    std::optional<DeviceKind> lost = {};     ///< the device that has ended
    std::optional<MediaSource> before = {};  ///< the source that it replaced
  };
  using State = std::variant<Idle, Acquiring, Previewing, OnAir>;

  Trace transition(State next, std::string_view reason);
  AcquireMedia acquire(Take& take, MediaSource source, const MediaChoice& choice);
  Take* awaited(CaptureNumber capture);
  void use(CaptureNumber capture, StreamOutputs& outputs) const;
  void replace(OnAir& air, MediaSource source, StreamOutputs& outputs);
  void switch_to_next(OnAir& air, StreamOutputs& outputs);
  StreamOutputs go_on_air(const Take& take, TimePoint now);

  State state_;
  CaptureNumber last_capture_ = 0;
  std::vector<Device> devices_;
  MediaChoice choice_;
  bool microphone_on_ = true;
  bool camera_on_ = true;
};

std::string_view name_of(LocalStream::Stage stage);

}  // namespace onair::session
