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

struct Size {
  int width;
  int height;
};

Size pixels_of(session::PictureSize size) {
  switch (size) {
    case session::PictureSize::small: return {640, 360};
    case session::PictureSize::standard: return {1280, 720};
    case session::PictureSize::large: return {1920, 1080};
  }
  return {1280, 720};
}

/// The call fails with an OverconstrainedError if no device has this id.
val exactly(const std::string& id) {
  return object_of({{"exact", val(id)}});
}

val camera_constraints(const session::MediaChoice& choice) {
  const Size size = pixels_of(choice.size);
  val video = object_of({{"width", val(size.width)}, {"height", val(size.height)}});
  if (!choice.camera.empty()) video.set("deviceId", exactly(choice.camera));
  val audio(true);
  if (!choice.microphone.empty()) {
    audio = object_of({{"deviceId", exactly(choice.microphone)}});
  }
  return object_of({{"audio", audio}, {"video", video}});
}

val screen_constraints() {
  return object_of({{"audio", val(true)}, {"video", val(true)}});
}

/// navigator.mediaDevices, or an empty object on an insecure page: a call then fails with a
/// TypeError, reported as an event.
val media_devices() {
  const val devices = val::global("navigator")["mediaDevices"];
  return is_nothing(devices) ? val::object() : devices;
}

val stream_of(const val& track) {
  const val tracks = val::array();
  tracks.call<void>("push", track);
  return val::global("MediaStream").new_(tracks);
}

}  // namespace

Captures::Captures(const EventTarget& target, val preview)
    : target_(target), preview_(std::move(preview)) {
  preview_.set("muted", true);
}

void Captures::acquire(const session::AcquireMedia& command) {
  captures_.insert_or_assign(command.capture, Capture{command.source});
  const bool camera = command.source == MediaSource::camera;
  call_async(target_, media_devices(), camera ? "getUserMedia" : "getDisplayMedia",
             {camera ? camera_constraints(command.choice) : screen_constraints()},
             CaptureTag{command.capture}, Event::media_granted, Event::media_failed);
}

void Captures::granted(CaptureNumber capture, const val& stream) {
  Capture& granted = captures_[capture];
  granted.stream = stream;
  granted.held = stream.call<val>("getTracks");
  const bool camera = granted.source == MediaSource::camera;
  const val sound = stream.call<val>("getAudioTracks");
  if (camera && sound["length"].as<int>() > 0) granted.microphone = sound[0];
  // The end of a screen's sound does not end the broadcast.
  for_each(camera ? granted.held : stream.call<val>("getVideoTracks"), [&](val track) {
    track.set("onended", target_.listener(Event::media_ended, CaptureTag{capture}));
  });
}

void Captures::use(CaptureNumber capture) {
  const auto before = captures_.find(in_use_);
  const auto now = captures_.find(capture);
  if (before != captures_.end() && before != now && now->second.source == MediaSource::screen) {
    take_over_microphone(before->second, now->second);
    val microphone = now->second.microphone;
    if (!microphone.isNull()) {
      microphone.set("onended", target_.listener(Event::media_ended, CaptureTag{capture}));
    }
  }
  in_use_ = capture;
  preview_.set("onloadedmetadata", target_.listener(Event::preview_ready, CaptureTag{capture}));
  preview_.set("srcObject", in_use());
  const val playing = preview_.call<val>("play");
  if (!is_nothing(playing)) {
    playing.call<void>("catch", target_.listener(Event::play_failed, CaptureTag{capture}));
  }
}

void Captures::take_over_microphone(const Capture& from, Capture& to) {
  if (from.microphone.isNull()) return;
  to.microphone = from.microphone;
  to.held.call<void>("push", from.microphone);
  from.held.call<void>("splice", from.held.call<val>("indexOf", from.microphone), 1);
  from.stream.call<void>("removeTrack", from.microphone);
  const val own_sound = to.stream.call<val>("getAudioTracks");
  val outgoing = from.microphone;
  if (own_sound["length"].as<int>() > 0) {
    to.mixer = val::global("AudioContext").new_();
    const val mixed = to.mixer.call<val>("createMediaStreamDestination");
    for (const val& track : {val(own_sound[0]), from.microphone}) {
      to.mixer.call<val>("createMediaStreamSource", stream_of(track)).call<void>("connect", mixed);
    }
    to.stream.call<void>("removeTrack", own_sound[0]);
    outgoing = mixed["stream"].call<val>("getAudioTracks")[0];
  }
  to.stream.call<void>("addTrack", outgoing);
}

void Captures::enable(const session::EnableTracks& command) {
  const auto found = captures_.find(in_use_);
  if (found == captures_.end()) return;
  if (!found->second.microphone.isNull()) {
    found->second.microphone.set("enabled", command.microphone);
  }
  if (found->second.source != MediaSource::camera) return;
  for_each(found->second.stream.call<val>("getVideoTracks"),
           [&command](val track) { track.set("enabled", command.camera); });
}

void Captures::list_devices() {
  const val devices = media_devices();
  if (!devices["enumerateDevices"].isUndefined()) {
    val(devices).set("ondevicechange", target_.listener(Event::devices_changed));
  }
  call_async(target_, devices, "enumerateDevices", {}, {}, Event::devices_listed,
             Event::listing_failed);
}

std::vector<session::Device> Captures::devices_in(const val& list) {
  std::vector<session::Device> devices;
  for_each(list, [&devices](const val& device) {
    const auto kind = device["kind"].as<std::string>();
    if (kind != "videoinput" && kind != "audioinput") return;
    devices.push_back(
        {kind == "videoinput" ? session::DeviceKind::camera : session::DeviceKind::microphone,
         device["deviceId"].as<std::string>(), device["label"].as<std::string>()});
  });
  return devices;
}

session::DeviceKind Captures::kind_of_ended(const val& event) {
  const val track = event["target"];
  const bool sound = !is_nothing(track) && track["kind"].strictlyEquals(val("audio"));
  return sound ? session::DeviceKind::microphone : session::DeviceKind::camera;
}

void Captures::release(CaptureNumber capture) {
  const auto found = captures_.find(capture);
  if (found == captures_.end()) return;
  // A capture that was refused or is still pending has no tracks.
  for_each(found->second.held, [](val track) {
    track.set("onended", val::null());
    track.call<void>("stop");
  });
  if (!found->second.mixer.isNull()) found->second.mixer.call<void>("close");
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
