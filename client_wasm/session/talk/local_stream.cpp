// Actions of the person, and devices that come and go. local_stream_parts.cpp has the requests.
#include "session/talk/local_stream.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace onair::session {
std::string_view name_of(LocalStream::Stage stage) {
  switch (stage) {
    case LocalStream::Stage::idle: return "idle";
    case LocalStream::Stage::starting: return "starting";
    case LocalStream::Stage::preview: return "preview";
    case LocalStream::Stage::on_air: return "on_air";
  }
  return "idle";
}

LocalStream::Stage LocalStream::stage() const {
  if (on_air()) return Stage::on_air;
  const auto* preparing = std::get_if<Preparing>(&phase_);
  if (preparing == nullptr) return Stage::idle;
  return preparing->preview_only && preparing->ready ? Stage::preview : Stage::starting;
}

std::optional<TimePoint> LocalStream::on_air_since() const {
  if (const auto* air = std::get_if<OnAir>(&phase_)) return air->since;
  return std::nullopt;
}

std::vector<CaptureNumber> LocalStream::captures() const {
  std::vector<CaptureNumber> numbers;
  for (const auto& [number, capture] : captures_) numbers.push_back(number);
  return numbers;
}

std::optional<MediaSource> LocalStream::source() const {
  const auto found = captures_.find(picture_.current != 0 ? picture_.current : picture_.next);
  if (found == captures_.end()) return std::nullopt;
  return found->second.source;
}

bool LocalStream::is_screen(CaptureNumber capture) const {
  const auto found = captures_.find(capture);
  return found != captures_.end() && found->second.source == MediaSource::screen;
}

DeviceState LocalStream::state_of(const LocalTrack& track) const {
  if (works(track)) {
    if (track.frameless) return DeviceState::frameless;
    return track.interrupted ? DeviceState::interrupted : DeviceState::live;
  }
  return track.next != 0 ? DeviceState::starting : track.trouble;
}

/// While a device is being replaced, viewers keep what they have. A picture without a frame counts
/// as none: a browser plays no sound while it waits for the first frame of the picture beside it.
protocol::ChatMedia LocalStream::sent() const {
  using protocol::Sent;
  const auto sent_of = [](const LocalTrack& track) {
    if (track.frameless || track.unseen) return Sent::none;
    if (track.interrupted) return Sent::interrupted;
    return track.current != 0 || track.gave_way ? Sent::live : Sent::none;
  };
  const auto shown = captures_.find(picture_.current);
  const bool own_sound = shown != captures_.end() && shown->second.sound;
  return {sent_of(picture_), own_sound ? Sent::live : sent_of(microphone_)};
}

PictureKind LocalStream::picture() const {
  const auto found = captures_.find(picture_.current);
  if (found == captures_.end()) return {};
  return {found->second.size, found->second.source == MediaSource::screen};
}

SoundMode LocalStream::sound() const {
  const auto found = captures_.find(microphone_.current);
  return found == captures_.end() ? choice_.sound : found->second.choice.sound;
}

// Actions of the person.

StreamOutputs LocalStream::handle(const StartRequested& start, TimePoint) {
  StreamOutputs outputs = {Notice::none};
  if (!on_air()) {
    // A preview goes on until the screen is granted, and where it is not.
    const auto* preparing = std::get_if<Preparing>(&phase_);
    const bool keeps =
        start.source == MediaSource::screen && preparing != nullptr && preparing->ready;
    if (!keeps) {
      release_all(outputs);
      covered_.reset();
    }
    outputs.emplace_back(transition(Preparing{start.preview_only, keeps}, "start pressed"));
  }
  if (start.source == MediaSource::screen) {
    acquire_screen(outputs);
  } else {
    camera_wanted_ = true;
    if (!works(picture_)) only_camera_.clear();
    acquire(true, is_empty(microphone_), choice_, outputs);
  }
  return outputs;
}

StreamOutputs LocalStream::handle(const MediaChosen& chosen, TimePoint) {
  const MediaChoice before = std::exchange(choice_, chosen.choice);
  if (!runs()) return {};
  const bool another = before.camera != choice_.camera;
  const std::string only = another ? choice_.camera : camera_for_the_same_choice();
  const bool shown = works(picture_) && !is_screen(picture_.current);
  if (another && !shown && !picture_.before) only_camera_ = choice_.camera;
  bool picture = camera_wanted_ && !same_device(DeviceKind::camera, before, choice_);
  if (!another && is_empty(picture_)) picture = false;  // a size alone does not ask for a picture
  bool microphone = !same_device(DeviceKind::microphone, before, choice_);
  if (!picture && !microphone) return {};
  // A request for both is replaced as a whole.
  if (picture_.next != 0 && picture_.next == microphone_.next) picture = microphone = true;
  StreamOutputs outputs = {Notice::none};
  acquire(picture, microphone, choice_, outputs, picture ? only : std::string());
  return outputs;
}

/// The one camera to request again when all but the camera is chosen anew: a browser that may
/// choose could choose another one for another size.
std::string LocalStream::camera_for_the_same_choice() const {
  const auto pending = captures_.find(picture_.next);
  const bool asked = pending != captures_.end() && pending->second.source == MediaSource::camera;
  return asked ? pending->second.only_camera : only_camera_;
}

/// Switching on a device that is away asks for it again: nothing tells when one is busy no more.
StreamOutputs LocalStream::handle(const MicrophoneSwitched& switched, TimePoint) {
  StreamOutputs outputs = {EnableTracks{microphone_on_ = switched.on, camera_on_}};
  if (switched.on) take_in(microphone_, outputs);
  return outputs;
}

StreamOutputs LocalStream::handle(const CameraSwitched& switched, TimePoint) {
  StreamOutputs outputs = {EnableTracks{microphone_on_, camera_on_ = switched.on}};
  if (switched.on) take_in(picture_, outputs);
  return outputs;
}

StreamOutputs LocalStream::handle(const OnAirRequested&, TimePoint now) {
  if (on_air()) return {OnAirReached{}};
  auto* preparing = std::get_if<Preparing>(&phase_);
  if (preparing == nullptr) return {Notice::no_local_stream};
  preparing->preview_only = false;
  StreamOutputs outputs;
  if (preparing->ready) go_on_air("On Air pressed", now, outputs);
  return outputs;
}

StreamOutputs LocalStream::stop() {
  StreamOutputs outputs;
  release_all(outputs);
  covered_.reset();
  if (runs()) outputs.emplace_back(transition(Idle{}, "stopped"));
  return outputs;
}

// Devices that come and go.

StreamOutputs LocalStream::handle(const DevicesChanged&, TimePoint) {
  list_is_due_ = true;
  return {ListDevices{}};
}

StreamOutputs LocalStream::handle(const DevicesListed& listed, TimePoint) {
  const std::vector<Device> before = std::exchange(devices_, listed.devices);
  StreamOutputs outputs;
  if (!std::exchange(list_is_due_, false)) return outputs;
  for (LocalTrack* track : {&picture_, &microphone_}) {
    // A refused device is asked for again when it is allowed, not whenever a device comes.
    if (track->trouble != DeviceState::refused && comes(*track, before)) take_in(*track, outputs);
  }
  camera_missed_ = true;
  return outputs;
}

/// True where the list has a device that will do. A camera must be new on the list, since one that
/// was there all the time does not begin because a headset was plugged in; and the lost one, where
/// one was lost, which may be back before any list missed it.
bool LocalStream::comes(const LocalTrack& track, const std::vector<Device>& before) const {
  return std::any_of(devices_.begin(), devices_.end(), [&](const Device& device) {
    if (device.kind != track.kind) return false;
    if (track.kind == DeviceKind::microphone) return true;
    if (track.trouble == DeviceState::lost) {
      if (device.id.empty() || device.id != only_camera_) return false;
      if (!camera_missed_) return true;
    }
    return std::none_of(before.begin(), before.end(), [&](const Device& known) {
      return known.kind == device.kind && known.id == device.id;
    });
  });
}

StreamOutputs LocalStream::handle(const PermissionGranted& granted, TimePoint) {
  StreamOutputs outputs;
  take_in(track_of(granted.kind), outputs);
  return outputs;
}

/// Requests a device that was wanted and could not be had.
void LocalStream::take_in(LocalTrack& track, StreamOutputs& outputs) {
  if (!runs() || !is_empty(track) || track.trouble == DeviceState::idle) return;
  if (track.kind == DeviceKind::camera && !camera_wanted_) return;
  acquire(track, choice_, outputs, only_device(track));
}

StreamOutputs LocalStream::handle(const MediaMuted& muted, TimePoint) {
  LocalTrack& track = track_of(muted.kind);
  if (muted.capture != 0 && track.current == muted.capture) track.interrupted = muted.muted;
  return {};
}

StreamOutputs LocalStream::handle(const MediaEnded& ended, TimePoint now) {
  LocalTrack& track = track_of(ended.kind);
  if (ended.capture == 0 || track.current != ended.capture || track.ended) return {};
  track.ended = true;
  track.interrupted = track.frameless = false;
  if (&track == &picture_) first_frame_.cancel();
  StreamOutputs outputs;
  if (is_screen(ended.capture)) {
    end_screen(outputs);
  } else if (track.next == 0) {
    replace_lost(track, now, outputs);
  }
  return outputs;
}

/// A microphone is replaced by any other. A camera is not: another one may look at what nobody
/// should see. It may still be there, though, taken by a telephone call for instance.
void LocalStream::replace_lost(const LocalTrack& track, TimePoint now, StreamOutputs& outputs) {
  if (track.kind == DeviceKind::microphone) return acquire(track, choice_, outputs);
  if (!only_camera_.empty()) return acquire(track, choice_, outputs, only_camera_);
  go_without(picture_, DeviceState::lost, outputs);
  proceed(Notice::media_ended, now, outputs);
}

void LocalStream::end_screen(StreamOutputs& outputs) {
  if (!on_air() || !covered_) {
    outputs.emplace_back(StreamLost{Notice::media_ended});
    return;
  }
  if (picture_.next != 0) return;  // another picture is on its way
  camera_wanted_ = true;
  if (covered_->camera) {
    outputs.emplace_back(Notice::screen_ended);
    acquire(picture_, choice_, outputs, only_camera_);
  } else {
    go_without(picture_, covered_->trouble, outputs);
    camera_missed_ = true;  // it was lost before the screen, and may be back since
    if (is_empty(microphone_)) outputs.emplace_back(StreamLost{Notice::media_ended});
  }
}

}  // namespace onair::session
