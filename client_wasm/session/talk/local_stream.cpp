#include "session/talk/local_stream.hpp"

#include <string>
#include <utility>

namespace onair::session {

std::string_view name_of(PictureSize size) {
  switch (size) {
    case PictureSize::small: return "small";
    case PictureSize::standard: return "standard";
    case PictureSize::large: return "large";
  }
  return "standard";
}

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
  if (std::holds_alternative<Idle>(state_)) return Stage::idle;
  const auto* previewing = std::get_if<Previewing>(&state_);
  return previewing != nullptr && previewing->preview_only && previewing->ready ? Stage::preview
                                                                                : Stage::starting;
}

std::optional<TimePoint> LocalStream::on_air_since() const {
  if (const auto* air = std::get_if<OnAir>(&state_)) return air->since;
  return std::nullopt;
}

std::vector<CaptureNumber> LocalStream::captures() const {
  if (const auto* acquiring = std::get_if<Acquiring>(&state_)) return {acquiring->take.capture};
  if (const auto* previewing = std::get_if<Previewing>(&state_)) return {previewing->take.capture};
  const auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return {};
  if (!air->next) return {air->take.capture};
  return {air->take.capture, air->next->capture};
}

std::optional<MediaSource> LocalStream::source() const {
  if (const auto* acquiring = std::get_if<Acquiring>(&state_)) return acquiring->take.source;
  if (const auto* previewing = std::get_if<Previewing>(&state_)) return previewing->take.source;
  if (const auto* air = std::get_if<OnAir>(&state_)) return air->take.source;
  return std::nullopt;
}

StreamOutputs LocalStream::handle(const StartRequested& start, TimePoint) {
  StreamOutputs outputs = {Notice::none};
  if (auto* air = std::get_if<OnAir>(&state_)) {
    replace(*air, start.source, outputs);
    return outputs;
  }
  for (const CaptureNumber capture : captures()) outputs.emplace_back(ReleaseMedia{capture});
  Acquiring acquiring{{}, start.preview_only};
  outputs.emplace_back(acquire(acquiring.take, start.source, choice_));
  outputs.emplace_back(transition(acquiring, "start pressed"));
  return outputs;
}

StreamOutputs LocalStream::handle(const MediaChosen& chosen, TimePoint now) {
  if (std::exchange(choice_, chosen.choice) == chosen.choice) return {};
  if (source() != MediaSource::camera) return {};
  const auto* acquiring = std::get_if<Acquiring>(&state_);
  const auto* previewing = std::get_if<Previewing>(&state_);
  return handle(
      StartRequested{MediaSource::camera, (acquiring != nullptr && acquiring->preview_only) ||
                                              (previewing != nullptr && previewing->preview_only)},
      now);
}

StreamOutputs LocalStream::handle(const MediaReady& ready, TimePoint) {
  if (awaited(ready.capture) == nullptr) return {ReleaseMedia{ready.capture}};
  StreamOutputs outputs;
  if (auto* air = std::get_if<OnAir>(&state_)) {
    switch_to_next(*air, outputs);
  } else {
    const Acquiring acquiring = std::get<Acquiring>(state_);
    use(ready.capture, outputs);
    outputs.emplace_back(
        transition(Previewing{acquiring.take, acquiring.preview_only}, "stream available"));
  }
  outputs.emplace_back(ListDevices{});  // now with labels
  return outputs;
}

StreamOutputs LocalStream::handle(const PreviewReady& ready, TimePoint now) {
  auto* previewing = std::get_if<Previewing>(&state_);
  if (previewing == nullptr || previewing->take.capture != ready.capture) return {};
  previewing->ready = true;
  if (previewing->preview_only) return {};
  return go_on_air(Take(previewing->take), now);
}

StreamOutputs LocalStream::handle(const OnAirRequested&, TimePoint now) {
  if (auto* previewing = std::get_if<Previewing>(&state_)) {
    previewing->preview_only = false;
    if (previewing->ready) return go_on_air(Take(previewing->take), now);
  }
  if (!on_air()) return {Notice::no_local_stream};
  return {OnAirReached{}};
}

StreamOutputs LocalStream::handle(const MediaFailed& failed, TimePoint) {
  Take* take = awaited(failed.capture);
  if (take == nullptr) return {};
  if (take->chosen && failed.reason == Notice::no_camera) {
    return {Trace{"talk: the chosen device is missing"},
            acquire(*take, take->source, {{}, {}, choice_.size})};
  }
  auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return {failed.reason, transition(Idle{}, name_of(failed.reason))};
  air->next.reset();
  const auto lost = std::exchange(air->lost, std::nullopt);
  if (lost == DeviceKind::camera) return {StreamLost{Notice::media_ended}};
  return {lost ? Notice::microphone_lost : failed.reason};
}

/// On air, another device replaces one that was unplugged, and the camera replaces a screen that
/// had replaced it.
StreamOutputs LocalStream::handle(const MediaEnded& ended, TimePoint) {
  const std::vector<CaptureNumber> held = captures();
  if (held.empty() || held.front() != ended.capture) return {};
  auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return {StreamLost{Notice::media_ended}};
  const bool screen = air->take.source == MediaSource::screen;
  if (screen && air->before != MediaSource::camera) return {StreamLost{Notice::media_ended}};
  StreamOutputs outputs = {screen ? Notice::screen_ended : Notice::device_lost};
  air->lost = ended.kind == DeviceKind::camera ? ended.kind : air->lost.value_or(ended.kind);
  if (!air->next) replace(*air, MediaSource::camera, outputs);
  return outputs;
}

StreamOutputs LocalStream::stop() {
  StreamOutputs outputs;
  for (const CaptureNumber capture : captures()) outputs.emplace_back(ReleaseMedia{capture});
  if (stage() != Stage::idle) outputs.emplace_back(transition(Idle{}, "stopped"));
  return outputs;
}

Trace LocalStream::transition(State next, std::string_view reason) {
  state_ = next;
  return {"talk: " + std::string(name_of(stage())) + " (" + std::string(reason) + ")"};
}

/// Sets `take` to a new capture.
AcquireMedia LocalStream::acquire(Take& take, MediaSource source, const MediaChoice& choice) {
  const bool chosen =
      source == MediaSource::camera && !(choice.camera.empty() && choice.microphone.empty());
  take = {++last_capture_, source, chosen};
  return {take.capture, source, choice};
}

/// The pending request for that capture, or null.
LocalStream::Take* LocalStream::awaited(CaptureNumber capture) {
  if (auto* acquiring = std::get_if<Acquiring>(&state_)) {
    return acquiring->take.capture == capture ? &acquiring->take : nullptr;
  }
  auto* air = std::get_if<OnAir>(&state_);
  return air != nullptr && air->next && air->next->capture == capture ? &*air->next : nullptr;
}

void LocalStream::use(CaptureNumber capture, StreamOutputs& outputs) const {
  outputs.emplace_back(UseMedia{capture});
  if (!microphone_on_ || !camera_on_) {
    outputs.emplace_back(EnableTracks{microphone_on_, camera_on_});
  }
}

void LocalStream::replace(OnAir& air, MediaSource source, StreamOutputs& outputs) {
  if (air.next) outputs.emplace_back(ReleaseMedia{air.next->capture});
  outputs.emplace_back(acquire(air.next.emplace(), source, choice_));
}

void LocalStream::switch_to_next(OnAir& air, StreamOutputs& outputs) {
  const Take before = std::exchange(air.take, *air.next);
  if (before.source != air.take.source) air.before = before.source;
  air.next.reset();
  air.lost.reset();
  use(air.take.capture, outputs);
  outputs.emplace_back(TracksChanged{});
  outputs.emplace_back(ReleaseMedia{before.capture});
}

StreamOutputs LocalStream::go_on_air(const Take& take, TimePoint now) {
  return {transition(OnAir{take, now}, "metadata loaded"), OnAirReached{}};
}

}  // namespace onair::session
