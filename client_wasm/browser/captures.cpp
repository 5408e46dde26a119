#include "browser/captures.hpp"

#include <string>
#include <utility>

#include "browser/javascript.hpp"
#include "browser/promise.hpp"

namespace onair::browser {

using session::CaptureNumber;
using session::MediaSource;
using session::Notice;

namespace {

constexpr int kWidth = 1280;
constexpr int kHeight = 720;

val camera_constraints() {
  const val video = object_of({{"width", val(kWidth)}, {"height", val(kHeight)}});
  return object_of({{"audio", val(true)}, {"video", video}});
}

val screen_constraints() {
  return object_of({{"audio", val(true)}, {"video", val(true)}});
}

void move_microphone(const val& from, const val& to) {
  const val tracks = from.call<val>("getAudioTracks");
  for (int i = 0; i < tracks["length"].as<int>(); ++i) {
    from.call<void>("removeTrack", tracks[i]);
    to.call<void>("addTrack", tracks[i]);
  }
}

}  // namespace

Captures::Captures(const EventTarget& target, val preview)
    : target_(target), preview_(std::move(preview)) {
  preview_.set("muted", true);
}

void Captures::acquire(const session::AcquireMedia& command) {
  captures_.insert_or_assign(command.capture, Capture{command.source});
  const bool camera = command.source == MediaSource::camera;
  // Insecure pages have no mediaDevices: the call then fails with a TypeError, as an event.
  const val devices = val::global("navigator")["mediaDevices"];
  call_async(target_, is_nothing(devices) ? val::object() : devices,
             camera ? "getUserMedia" : "getDisplayMedia",
             {camera ? camera_constraints() : screen_constraints()}, {{}, command.capture},
             Event::media_granted, Event::media_failed);
}

void Captures::granted(CaptureNumber capture, const val& stream) {
  captures_[capture].stream = stream;
  const val tracks = stream.call<val>("getVideoTracks");
  for (int i = 0; i < tracks["length"].as<int>(); ++i) {
    val track = tracks[i];
    track.set("onended", target_.listener(Event::media_ended, {{}, capture}));
  }
}

void Captures::use(CaptureNumber capture) {
  const val before = in_use();
  in_use_ = capture;
  const val stream = in_use();
  const bool silent = stream.call<val>("getAudioTracks")["length"].as<int>() == 0;
  if (silent && !before.isNull()) move_microphone(before, stream);
  preview_.set("onloadedmetadata", target_.listener(Event::preview_ready, {{}, capture}));
  preview_.set("srcObject", stream);
  const val playing = preview_.call<val>("play");
  if (!is_nothing(playing)) {
    playing.call<void>("catch", target_.listener(Event::play_failed, {{}, capture}));
  }
}

void Captures::release(CaptureNumber capture) {
  const auto found = captures_.find(capture);
  if (found == captures_.end()) return;
  const val stream = found->second.stream;
  if (stream.isNull()) return;
  const val tracks = stream.call<val>("getTracks");
  for (int i = 0; i < tracks["length"].as<int>(); ++i) {
    val track = tracks[i];
    track.set("onended", val::null());
    track.call<void>("stop");
  }
  captures_.erase(found);
  if (capture != in_use_) return;
  in_use_ = 0;
  preview_.set("onloadedmetadata", val::null());
  preview_.set("srcObject", val::null());
}

val Captures::in_use() const {
  const auto found = captures_.find(in_use_);
  return found == captures_.end() ? val::null() : found->second.stream;
}

MediaSource Captures::source_of(CaptureNumber capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? MediaSource::camera : found->second.source;
}

Notice Captures::reason_of(const val& error, MediaSource source) {
  if (!val::global("isSecureContext").as<bool>()) return Notice::insecure_context;
  const bool screen = source == MediaSource::screen;
  const val name_field = is_nothing(error) ? val::undefined() : error["name"];
  const std::string name = is_nothing(name_field) ? "" : name_field.as<std::string>();
  if (name == "NotAllowedError") return screen ? Notice::screen_refused : Notice::camera_refused;
  if (name == "NotFoundError" || name == "OverconstrainedError") return Notice::no_camera;
  if (name == "NotReadableError" || name == "AbortError") return Notice::camera_in_use;
  if (name == "TypeError" && screen) return Notice::screen_not_supported;
  return Notice::media_failed;
}

}  // namespace onair::browser
