// Requests for the picture and the microphone, and how each goes on after its end.
#include <string>
#include <utility>

#include "session/talk/local_stream.hpp"
#include "session/timeouts.hpp"

namespace onair::session {
namespace {

DeviceState trouble_of(Notice reason) {
  switch (reason) {
    case Notice::no_camera: return DeviceState::missing;
    case Notice::camera_in_use: return DeviceState::busy;
    case Notice::camera_refused: return DeviceState::refused;
    default: return DeviceState::failed;
  }
}

std::string& id_in(MediaChoice& choice, DeviceKind kind) {
  return kind == DeviceKind::camera ? choice.camera : choice.microphone;
}

}  // namespace

// Requests and their ends.

StreamOutputs LocalStream::handle(const MediaReady& ready, TimePoint now) {
  const auto found = captures_.find(ready.capture);
  if (found == captures_.end()) return {ReleaseMedia{ready.capture}};
  if (std::exchange(found->second.granted, true)) return {};
  found->second.size = ready.size;
  found->second.sound = ready.sound;
  const std::string camera = ready.camera.empty() ? asked_camera(found->second) : ready.camera;
  const bool screen = found->second.source == MediaSource::screen;
  const bool picture = picture_.next == ready.capture;
  const bool microphone = microphone_.next == ready.capture;
  const bool replaced = microphone && microphone_.ended;
  StreamOutputs releases;
  // The menu shows what is sent: where the chosen device was missing, another one.
  if (microphone && found->second.choice.microphone.empty()) choice_.microphone.clear();
  if (picture && !screen && asked_camera(found->second).empty()) choice_.camera.clear();
  if (picture) {
    if (screen) {
      cover(picture_.current);
    } else {
      covered_.reset();
      only_camera_ = camera;
    }
    const bool had_none = on_air() && sent().picture == protocol::Sent::none;
    adopt(picture_, releases);
    picture_.unseen = had_none;
    first_frame_.set(now + kFirstFrameTimeout);
  }
  if (microphone) adopt(microphone_, releases);
  // A request for both devices may have been cancelled or replaced for one of them.
  if (found->second.picture && !picture) release(ready.capture, picture_, releases);
  if (found->second.microphone && !microphone) release(ready.capture, microphone_, releases);
  StreamOutputs outputs;
  if (replaced) outputs.emplace_back(Notice::microphone_replaced);
  use(outputs);
  if (on_air()) outputs.emplace_back(TracksChanged{});
  outputs.insert(outputs.end(), releases.begin(), releases.end());
  outputs.emplace_back(ListDevices{});  // now with labels
  if (screen && is_empty(microphone_)) acquire(microphone_, choice_, outputs);
  proceed(Notice::none, now, outputs);
  return outputs;
}

StreamOutputs LocalStream::handle(const PreviewReady& ready, TimePoint now) {
  if (ready.capture == 0 || picture_.current != ready.capture) return {};
  first_frame_.cancel();
  picture_.frameless = picture_.unseen = false;
  StreamOutputs outputs;
  make_ready("metadata loaded", now, outputs);
  return outputs;
}

StreamOutputs LocalStream::advance(TimePoint now) {
  StreamOutputs outputs;
  if (!first_frame_.is_due(now)) return outputs;
  first_frame_.cancel();
  picture_.frameless = true;
  make_ready("no frame in time", now, outputs);
  return outputs;
}

StreamOutputs LocalStream::handle(const MediaFailed& failed, TimePoint now) {
  const auto found = captures_.find(failed.capture);
  if (found == captures_.end() || found->second.granted) return {};
  const Capture request = found->second;
  captures_.erase(found);
  const bool picture = picture_.next == failed.capture;
  const bool microphone = microphone_.next == failed.capture;
  if (picture) picture_.next = 0;
  if (microphone) microphone_.next = 0;
  StreamOutputs outputs;
  // A browser grants both or none, so it says nothing about the one that may be there.
  if (picture && microphone && failed.reason != Notice::insecure_context) {
    acquire(picture_, request.choice, outputs, request.only_camera);
    acquire(microphone_, request.choice, outputs);
    return outputs;
  }
  if (picture) fail(picture_, request, failed.reason, outputs);
  if (microphone) fail(microphone_, request, failed.reason, outputs);
  proceed(failed.reason, now, outputs);
  return outputs;
}

/// A screen that goes on is what was chosen last: no camera takes its place with another choice.
void LocalStream::keep_screen() {
  if (works(picture_) && is_screen(picture_.current)) camera_wanted_ = false;
}

/// The screen was not granted: On Air was pressed for it alone.
void LocalStream::go_back_to_preview() {
  auto* const preparing = std::get_if<Preparing>(&phase_);
  if (preparing != nullptr && preparing->ready) preparing->preview_only = true;
}

/// Goes on after a screen that was refused: with what is sent or previewed, or what should have
/// been by now.
void LocalStream::fail_screen(Notice reason, StreamOutputs& outputs) {
  outputs.emplace_back(reason);
  keep_screen();
  go_back_to_preview();
  const auto before = std::exchange(picture_.before, std::nullopt);
  if (before) copy_device(DeviceKind::camera, *before, choice_);
  if (picture_.ended && is_screen(picture_.current)) return end_screen(outputs);
  if (picture_.ended || picture_.gave_way) acquire(picture_, choice_, outputs, only_camera_);
}

/// Goes on after a request for one track that failed.
void LocalStream::fail(LocalTrack& track, const Capture& request, Notice reason,
                       StreamOutputs& outputs) {
  if (request.source == MediaSource::screen) return fail_screen(reason, outputs);
  MediaChoice choice = request.choice;
  if (track.before) {
    if (!works(track) || reason != Notice::camera_in_use) {
      return give_up_switch(track, request, reason, outputs);
    }
    // Some phones can't open two cameras at once.
    release(std::exchange(track.current, 0), track, outputs);
    track.gave_way = true;
    return acquire(track, choice, outputs, request.only_camera);
  }
  const bool any = track.kind == DeviceKind::microphone || request.only_camera.empty();
  if (any && reason == Notice::no_camera && !id_in(choice, track.kind).empty()) {
    id_in(choice, track.kind).clear();
    outputs.emplace_back(Trace{"talk: the chosen device is missing"});
    return acquire(track, choice, outputs);
  }
  if (works(track)) {
    if (track.kind == DeviceKind::camera) keep_screen();
    outputs.emplace_back(reason);
    return;
  }
  const bool lost = (track.ended || !any) && reason == Notice::no_camera;
  if (on_air() && track.kind == DeviceKind::camera) outputs.emplace_back(Notice::none);
  go_without(track, lost ? DeviceState::lost : trouble_of(reason), outputs);
}

/// The device that is sent stays, or comes back; the choice follows it.
void LocalStream::give_up_switch(LocalTrack& track, const Capture& request, Notice reason,
                                 StreamOutputs& outputs) {
  const auto kept = std::exchange(track.before, std::nullopt);
  if (!kept) return;
  const MediaChoice& before = *kept;
  const bool another = !same_device(track.kind, before, request.choice);
  outputs.emplace_back(another ? Notice::switch_failed : reason);
  copy_device(track.kind, before, choice_);
  if (works(track)) return;
  acquire(track, before, outputs, only_device(track));
}

/// The broadcast goes on without this track.
void LocalStream::go_without(LocalTrack& track, DeviceState why, StreamOutputs& outputs) {
  const bool was_sent = std::exchange(track.gave_way, false) || track.current != 0;
  track.ended = track.interrupted = track.frameless = track.unseen = false;
  if (&track == &picture_) first_frame_.cancel();
  track.trouble = why;
  if (&track == &picture_) camera_missed_ = false;
  if (track.current != 0) release(std::exchange(track.current, 0), track, outputs);
  if (!was_sent || is_empty(other_than(track))) return;
  use(outputs);
  if (on_air()) outputs.emplace_back(TracksChanged{});
}

/// Goes on air, or ends, when nothing is awaited for it any more.
void LocalStream::proceed(Notice reason, TimePoint now, StreamOutputs& outputs) {
  if (is_empty(picture_) && is_empty(microphone_)) {
    if (on_air()) {
      outputs.emplace_back(StreamLost{Notice::media_ended});
      return;
    }
    if (!runs()) return;
    const bool alike =
        picture_.trouble == microphone_.trouble || microphone_.trouble == DeviceState::idle;
    if (alike) picture_.trouble = microphone_.trouble = DeviceState::idle;
    outputs.emplace_back(alike ? reason : Notice::media_failed);
    outputs.emplace_back(transition(Idle{}, name_of(reason)));
    return;
  }
  // There is no picture to wait for.
  if (is_empty(picture_) && microphone_.current != 0) make_ready("sound alone", now, outputs);
}

// Steps.

Trace LocalStream::transition(Phase next, std::string_view reason) {
  phase_ = next;
  return {"talk: " + std::string(name_of(stage())) + " (" + std::string(reason) + ")"};
}

void LocalStream::go_on_air(std::string_view reason, TimePoint now, StreamOutputs& outputs) {
  outputs.emplace_back(transition(OnAir{now}, reason));
  outputs.emplace_back(OnAirReached{});
}

/// Marks the stream as ready to send, and goes on air unless only a preview was asked for.
void LocalStream::make_ready(std::string_view reason, TimePoint now, StreamOutputs& outputs) {
  auto* preparing = std::get_if<Preparing>(&phase_);
  if (preparing == nullptr) return;
  preparing->ready = true;
  // What is previewed while a screen is being chosen is not what goes on air.
  if (!preparing->preview_only && !is_screen(picture_.next)) go_on_air(reason, now, outputs);
}

void LocalStream::acquire_screen(StreamOutputs& outputs) {
  await(picture_, ++last_capture_, outputs);
  captures_.emplace(last_capture_, Capture{MediaSource::screen, choice_, true, false});
  outputs.emplace_back(AcquireMedia{last_capture_, MediaSource::screen, choice_, true, false});
}

/// `choice` is the person's, which the menu shows; the request may be narrower.
void LocalStream::acquire(bool picture, bool microphone, const MediaChoice& choice,
                          StreamOutputs& outputs, const std::string& only_camera) {
  const CaptureNumber capture = ++last_capture_;
  if (picture && is_screen(picture_.next)) go_back_to_preview();
  for (LocalTrack* track : {&picture_, &microphone_}) {
    if (!(track == &picture_ ? picture : microphone)) continue;
    await(*track, capture, outputs);
    if (!track->gave_way) track->before.reset();
    if (works(*track) && !is_screen(track->current)) {
      track->before = captures_.at(track->current).choice;
    }
  }
  const Capture request{MediaSource::camera, choice, picture, microphone, only_camera};
  captures_.emplace(capture, request);
  MediaChoice asked = choice;
  if (picture) asked.camera = asked_camera(request);
  outputs.emplace_back(AcquireMedia{capture, MediaSource::camera, asked, picture, microphone});
}

/// Makes the track wait for this capture, and no longer for an earlier one.
void LocalStream::await(LocalTrack& track, CaptureNumber capture, StreamOutputs& outputs) {
  if (track.next != 0) release(std::exchange(track.next, 0), track, outputs);
  track.next = capture;
}

/// Stops the capture's device of this kind, and forgets the capture if the other track does not use
/// it.
void LocalStream::release(CaptureNumber capture, const LocalTrack& track, StreamOutputs& outputs) {
  const LocalTrack& other = other_than(track);
  if (other.current == capture || other.next == capture) {
    outputs.emplace_back(ReleaseMedia{capture, track.kind});
    return;
  }
  captures_.erase(capture);
  outputs.emplace_back(ReleaseMedia{capture});
}

void LocalStream::release_all(StreamOutputs& outputs) {
  for (const CaptureNumber capture : captures()) outputs.emplace_back(ReleaseMedia{capture});
  if (picture_.current != 0 || microphone_.current != 0) outputs.emplace_back(UseMedia{});
  captures_.clear();
  picture_ = {DeviceKind::camera};
  microphone_ = {DeviceKind::microphone};
  first_frame_.cancel();
  camera_wanted_ = false;
  only_camera_.clear();
}

/// The track's next capture becomes its current one.
void LocalStream::adopt(LocalTrack& track, StreamOutputs& outputs) {
  const CaptureNumber before = std::exchange(track.current, std::exchange(track.next, 0));
  track.ended = track.interrupted = track.frameless = track.unseen = track.gave_way = false;
  track.before.reset();
  track.trouble = DeviceState::idle;
  if (before != 0) release(before, track, outputs);
}

/// Remembers what the screen that comes now covers.
void LocalStream::cover(CaptureNumber covered) {
  camera_wanted_ = false;
  if (is_screen(covered)) return;  // what that one covers
  covered_.reset();
  if (on_air()) covered_ = Covered{covered != 0 || picture_.gave_way, picture_.trouble};
}

void LocalStream::use(StreamOutputs& outputs) const {
  outputs.emplace_back(UseMedia{picture_.current, microphone_.current});
  if (!microphone_on_ || !camera_on_) {
    outputs.emplace_back(EnableTracks{microphone_on_, camera_on_});
  }
}

}  // namespace onair::session
