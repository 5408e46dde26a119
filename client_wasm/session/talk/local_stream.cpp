// What the person does, and what comes and goes by itself. local_stream_parts.cpp has the requests.
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

DeviceState LocalStream::state_of(const Part& part) const {
  if (works(part)) return part.interrupted ? DeviceState::interrupted : DeviceState::live;
  return part.next != 0 ? DeviceState::starting : part.trouble;
}

/// While a device is being replaced, viewers keep what they have.
protocol::ChatMedia LocalStream::sent() const {
  using protocol::Sent;
  const auto sent_of = [](const Part& part) {
    if (part.interrupted) return Sent::interrupted;
    return part.current != 0 || part.gave_way ? Sent::live : Sent::none;
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

// What the person does.

StreamOutputs LocalStream::handle(const StartRequested& start, TimePoint) {
  StreamOutputs outputs = {Notice::none};
  if (!on_air()) {
    release_all(outputs);
    covered_.reset();
    outputs.emplace_back(transition(Preparing{start.preview_only}, "start pressed"));
  }
  if (start.source == MediaSource::screen) {
    acquire_screen(outputs);
  } else {
    camera_wanted_ = true;
    acquire(true, is_empty(microphone_), choice_, outputs);
  }
  return outputs;
}

StreamOutputs LocalStream::handle(const MediaChosen& chosen, TimePoint) {
  const MediaChoice before = std::exchange(choice_, chosen.choice);
  if (!runs()) return {};
  bool picture = camera_wanted_ && !same_part(DeviceKind::camera, before, choice_);
  bool microphone = !same_part(DeviceKind::microphone, before, choice_);
  if (!picture && !microphone) return {};
  // A request for both is replaced as a whole.
  if (picture_.next != 0 && picture_.next == microphone_.next) picture = microphone = true;
  StreamOutputs outputs = {Notice::none};
  acquire(picture, microphone, choice_, outputs);
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

// What comes and goes by itself.

StreamOutputs LocalStream::handle(const DevicesChanged&, TimePoint) {
  list_is_due_ = true;
  return {ListDevices{}};
}

StreamOutputs LocalStream::handle(const DevicesListed& listed, TimePoint) {
  devices_ = listed.devices;
  StreamOutputs outputs;
  if (!std::exchange(list_is_due_, false)) return outputs;
  for (Part* part : {&picture_, &microphone_}) {
    const bool there = std::any_of(devices_.begin(), devices_.end(), [part](const Device& device) {
      return device.kind == part->kind;
    });
    // What was refused is asked for again when it is allowed, not whenever a device comes.
    if (there && part->trouble != DeviceState::refused) take_in(*part, outputs);
  }
  return outputs;
}

StreamOutputs LocalStream::handle(const PermissionGranted& granted, TimePoint) {
  StreamOutputs outputs;
  take_in(part_of(granted.kind), outputs);
  return outputs;
}

/// Requests a device that was wanted and could not be had.
void LocalStream::take_in(Part& part, StreamOutputs& outputs) {
  if (!runs() || !is_empty(part) || part.trouble == DeviceState::idle) return;
  if (part.kind == DeviceKind::camera && !camera_wanted_) return;
  acquire(part, choice_, outputs);
}

StreamOutputs LocalStream::handle(const MediaMuted& muted, TimePoint) {
  Part& part = part_of(muted.kind);
  if (muted.capture != 0 && part.current == muted.capture) part.interrupted = muted.muted;
  return {};
}

StreamOutputs LocalStream::handle(const MediaEnded& ended, TimePoint) {
  Part& part = part_of(ended.kind);
  if (ended.capture == 0 || part.current != ended.capture || part.ended) return {};
  part.ended = true;
  part.interrupted = false;
  StreamOutputs outputs;
  if (is_screen(ended.capture)) {
    end_screen(outputs);
  } else {
    outputs.emplace_back(Notice::device_lost);
    if (part.next == 0) acquire(part, choice_, outputs);
  }
  return outputs;
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
    acquire(picture_, choice_, outputs);
  } else {
    go_without(picture_, covered_->trouble, outputs);
    if (is_empty(microphone_)) outputs.emplace_back(StreamLost{Notice::media_ended});
  }
}

}  // namespace onair::session
