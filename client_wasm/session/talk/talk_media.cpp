// The local stream: requested, previewed, on air, replaced.
#include <utility>

#include "session/talk/talk_session.hpp"

namespace onair::session {

std::string_view name_of(PictureSize size) {
  switch (size) {
    case PictureSize::small:
      return "small";
    case PictureSize::standard:
      return "standard";
    case PictureSize::large:
      return "large";
  }
  return "standard";
}

std::vector<CaptureNumber> TalkSession::captures() const {
  if (const auto* acquiring = std::get_if<Acquiring>(&state_)) return {acquiring->take.capture};
  if (const auto* previewing = std::get_if<Previewing>(&state_)) return {previewing->take.capture};
  const auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return {};
  if (!air->next) return {air->take.capture};
  return {air->take.capture, air->next->capture};
}

/// Source of the stream in use, or of the one requested first.
std::optional<MediaSource> TalkSession::source() const {
  if (const auto* acquiring = std::get_if<Acquiring>(&state_)) return acquiring->take.source;
  if (const auto* previewing = std::get_if<Previewing>(&state_)) return previewing->take.source;
  if (const auto* air = std::get_if<OnAir>(&state_)) return air->take.source;
  return std::nullopt;
}

void TalkSession::on(const StartRequested& start) {
  notice_ = Notice::none;
  if (auto* air = std::get_if<OnAir>(&state_)) return replace(*air, start.source);
  release_captures();
  transition(Acquiring{acquire(start.source, choice_), start.preview_only}, "start pressed");
}

void TalkSession::on(const DevicesChanged&) {
  output_.emplace_back(ListDevices{});
}

void TalkSession::on(const DevicesListed& listed) {
  devices_ = listed.devices;
}

void TalkSession::on(const MediaChosen& chosen) {
  if (std::exchange(choice_, chosen.choice) == chosen.choice) return;
  if (source() != MediaSource::camera) return;
  const auto* acquiring = std::get_if<Acquiring>(&state_);
  const auto* previewing = std::get_if<Previewing>(&state_);
  on(StartRequested{MediaSource::camera, (acquiring != nullptr && acquiring->preview_only) ||
                                             (previewing != nullptr && previewing->preview_only)});
}

void TalkSession::on(const MicrophoneSwitched& switched) {
  microphone_on_ = switched.on;
  output_.emplace_back(EnableTracks{microphone_on_, camera_on_});
}

void TalkSession::on(const CameraSwitched& switched) {
  camera_on_ = switched.on;
  output_.emplace_back(EnableTracks{microphone_on_, camera_on_});
}

void TalkSession::on(const MediaReady& ready) {
  if (awaited(ready.capture) == nullptr) {
    output_.emplace_back(ReleaseMedia{ready.capture});
    return;
  }
  if (auto* air = std::get_if<OnAir>(&state_)) {
    switch_to_next(*air);
  } else {
    const auto& acquiring = std::get<Acquiring>(state_);
    use(ready.capture);
    transition(Previewing{acquiring.take, acquiring.preview_only}, "stream available");
  }
  output_.emplace_back(ListDevices{});  // now with labels
}

void TalkSession::on(const PreviewReady& ready) {
  auto* previewing = std::get_if<Previewing>(&state_);
  if (previewing == nullptr || previewing->take.capture != ready.capture) return;
  previewing->ready = true;
  if (!previewing->preview_only) go_on_air(Take(previewing->take));
}

void TalkSession::on(const MediaFailed& failed) {
  Take* take = awaited(failed.capture);
  if (take == nullptr) return;
  if (take->chosen && failed.reason == Notice::no_camera) {
    trace("talk: the chosen device is missing");
    *take = acquire(take->source, {{}, {}, choice_.size});
    return;
  }
  auto* air = std::get_if<OnAir>(&state_);
  notice_ = failed.reason;
  if (air == nullptr) return transition(Idle{}, name_of(failed.reason));
  air->next.reset();
  if (air->lost == DeviceKind::camera) return stop(Notice::media_ended);
  if (air->lost) notice_ = Notice::microphone_lost;
  air->lost.reset();
}

/// On air, another device replaces one that was unplugged, and the camera replaces a screen that
/// had replaced it.
void TalkSession::on(const MediaEnded& ended) {
  const std::vector<CaptureNumber> held = captures();
  if (held.empty() || held.front() != ended.capture) return;
  auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return stop(Notice::media_ended);
  const bool screen = air->take.source == MediaSource::screen;
  if (screen && air->before != MediaSource::camera) return stop(Notice::media_ended);
  notice_ = screen ? Notice::screen_ended : Notice::device_lost;
  air->lost = ended.kind == DeviceKind::camera ? ended.kind : air->lost.value_or(ended.kind);
  if (!air->next) replace(*air, MediaSource::camera);
}

TalkSession::Take TalkSession::acquire(MediaSource source, const MediaChoice& choice) {
  const bool chosen =
      source == MediaSource::camera && !(choice.camera.empty() && choice.microphone.empty());
  const Take take{++last_capture_, source, chosen};
  output_.emplace_back(AcquireMedia{take.capture, source, choice});
  return take;
}

/// The pending request for that capture, or null.
TalkSession::Take* TalkSession::awaited(CaptureNumber capture) {
  if (auto* acquiring = std::get_if<Acquiring>(&state_)) {
    return acquiring->take.capture == capture ? &acquiring->take : nullptr;
  }
  auto* air = std::get_if<OnAir>(&state_);
  return air != nullptr && air->next && air->next->capture == capture ? &*air->next : nullptr;
}

void TalkSession::use(CaptureNumber capture) {
  output_.emplace_back(UseMedia{capture});
  if (!microphone_on_ || !camera_on_) {
    output_.emplace_back(EnableTracks{microphone_on_, camera_on_});
  }
}

void TalkSession::replace(OnAir& air, MediaSource source) {
  if (air.next) output_.emplace_back(ReleaseMedia{air.next->capture});
  air.next = acquire(source, choice_);
}

void TalkSession::switch_to_next(OnAir& air) {
  const Take before = std::exchange(air.take, *air.next);
  if (before.source != air.take.source) air.before = before.source;
  air.next.reset();
  air.lost.reset();
  use(air.take.capture);
  for (const auto& [peer, entry] : connections_) {
    output_.emplace_back(ReplaceTracks{{peer, entry.generation}});
  }
  output_.emplace_back(ReleaseMedia{before.capture});
}

void TalkSession::go_on_air(const Take& take) {
  transition(OnAir{take, now_}, "metadata loaded");
  announce();
}

void TalkSession::release_captures() {
  for (const CaptureNumber capture : captures()) output_.emplace_back(ReleaseMedia{capture});
}

}  // namespace onair::session
