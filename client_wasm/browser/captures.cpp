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

val video_constraints(const session::MediaChoice& choice) {
  const Size size = pixels_of(choice.size);
  val video = object_of({{"width", val(size.width)}, {"height", val(size.height)}});
  if (!choice.camera.empty()) video.set("deviceId", exactly(choice.camera));
  return video;
}

/// Speech gets the browser's processing, which is on by default. It would spoil music.
val audio_constraints(const session::MediaChoice& choice) {
  val audio = val::object();
  if (!choice.microphone.empty()) audio.set("deviceId", exactly(choice.microphone));
  if (choice.sound == session::SoundMode::speech)
    return choice.microphone.empty() ? val(true) : audio;
  for (const char* processing : {"echoCancellation", "noiseSuppression", "autoGainControl"}) {
    audio.set(processing, false);
  }
  audio.set("channelCount", 2);
  return audio;
}

val device_constraints(const session::AcquireMedia& command) {
  val constraints = val::object();
  if (command.microphone) constraints.set("audio", audio_constraints(command.choice));
  if (command.picture) constraints.set("video", video_constraints(command.choice));
  return constraints;
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

/// A stream of these tracks; null stands for none.
val stream_of(std::initializer_list<val> tracks) {
  const val list = val::array();
  for (const val& track : tracks) {
    if (!track.isNull()) list.call<void>("push", track);
  }
  return val::global("MediaStream").new_(list);
}

val first_of(const val& tracks) {
  return tracks["length"].as<int>() > 0 ? val(tracks[0]) : val::null();
}

std::uint32_t pixels_in(const val& settings, const char* name) {
  const val number = settings[name];
  return number.isNumber() && number.as<double>() > 0 ? number.as<std::uint32_t>() : 0;
}

/// getSettings() of a track, or an empty object: old browsers lack it.
val settings_of(const val& track) {
  if (track.isNull()) return val::object();
  const Outcome settings = attempt(track, "getSettings", {});
  return settings.ok && !is_nothing(settings.value) ? settings.value : val::object();
}

session::Extent size_in(const val& settings) {
  return {pixels_in(settings, "width"), pixels_in(settings, "height")};
}

std::string device_in(const val& settings) {
  const val id = settings["deviceId"];
  return id.isString() ? id.as<std::string>() : std::string();
}

}  // namespace

Captures::Captures(const EventTarget& target, val preview)
    : target_(target), preview_(std::move(preview)) {
  preview_.set("muted", true);
}

void Captures::acquire(const session::AcquireMedia& command) {
  captures_.insert_or_assign(command.capture, Capture{command.source, command.choice.sound});
  const bool screen = command.source == MediaSource::screen;
  call_async(target_, media_devices(), screen ? "getDisplayMedia" : "getUserMedia",
             {screen ? screen_constraints() : device_constraints(command)},
             CaptureTag{command.capture}, Event::media_granted, Event::media_failed);
}

session::MediaReady Captures::granted(CaptureNumber capture, const val& stream) {
  Capture& granted = captures_[capture];
  granted.stream = stream;
  granted.picture = first_of(stream.call<val>("getVideoTracks"));
  granted.sound = first_of(stream.call<val>("getAudioTracks"));
  const bool screen = granted.source == MediaSource::screen;
  if (!granted.picture.isNull()) {
    granted.picture.set("contentHint", std::string(content_hint_of(granted.source)));
    watch(granted.picture, capture);
  }
  // The sound of a screen may end without the screen.
  if (!granted.sound.isNull() && !screen) {
    granted.sound.set("contentHint", std::string(content_hint_of(granted.sound_mode)));
    watch(granted.sound, capture);
  }
  const val settings = settings_of(granted.picture);
  return {capture, size_in(settings), screen && !granted.sound.isNull(),
          screen ? std::string() : device_in(settings)};
}

void Captures::watch(const val& track, CaptureNumber capture) const {
  val watched = track;
  watched.set("onended", target_.listener(Event::media_ended, CaptureTag{capture}));
  watched.set("onmute", target_.listener(Event::media_muted, CaptureTag{capture}));
  watched.set("onunmute", target_.listener(Event::media_unmuted, CaptureTag{capture}));
}

std::vector<session::DeviceKind> Captures::muted_in(CaptureNumber capture) const {
  std::vector<session::DeviceKind> muted;
  const Capture* found = find(capture);
  if (found == nullptr) return muted;
  const auto is_muted = [](const val& track) { return !track.isNull() && track["muted"].isTrue(); };
  if (is_muted(found->picture)) muted.push_back(session::DeviceKind::camera);
  const bool device = found->source == MediaSource::camera;
  if (device && is_muted(found->sound)) muted.push_back(session::DeviceKind::microphone);
  return muted;
}

void Captures::use(const session::UseMedia& command) {
  used_ = command;
  if (command.picture == 0 && command.microphone == 0) return clear_preview();
  in_use_ = compose(command);
  const CaptureTag tag{command.picture != 0 ? command.picture : command.microphone};
  preview_.set("onloadedmetadata", target_.listener(Event::preview_ready, tag));
  preview_.set("srcObject", in_use_);
  const Outcome playing = attempt(preview_, "play", {});
  if (playing.ok && !is_nothing(playing.value)) {
    playing.value.call<void>("catch", target_.listener(Event::play_failed, tag));
  }
}

val Captures::compose(const session::UseMedia& command) {
  const Capture* shown = find(command.picture);
  const Capture* heard = find(command.microphone);
  const val picture = shown == nullptr ? val::null() : shown->picture;
  const val own =
      shown != nullptr && shown->source == MediaSource::screen ? shown->sound : val::null();
  const val microphone = heard == nullptr ? val::null() : heard->sound;
  close_mixer();
  // The browser's own stream, where it has just these two.
  if (shown == heard && !picture.isNull() && !microphone.isNull()) return shown->stream;
  if (own.isNull()) return stream_of({picture, microphone});
  return stream_of({picture, microphone.isNull() ? own : mix(own, microphone)});
}

/// The two as one track. Where the browser can't mix them, the microphone alone.
val Captures::mix(const val& own, const val& microphone) {
  const Outcome context = attempt_new("AudioContext", {});
  if (!context.ok) return microphone;
  mixer_ = context.value;
  const Outcome mixed = attempt(mixer_, "createMediaStreamDestination", {});
  if (!mixed.ok) return microphone;
  for (const val& track : {own, microphone}) {
    const Outcome source = attempt(mixer_, "createMediaStreamSource", {stream_of({track})});
    if (!source.ok || !attempt(source.value, "connect", {mixed.value}).ok) return microphone;
  }
  return first_of(mixed.value["stream"].call<val>("getAudioTracks"));
}

void Captures::close_mixer() {
  if (mixer_.isNull()) return;
  // Ends in a promise that fails only where the context is closed already.
  const Outcome closing = attempt(mixer_, "close", {});
  if (closing.ok && !is_nothing(closing.value)) {
    attempt(closing.value, "catch", {target_.listener(Event::play_failed)});
  }
  mixer_ = val::null();
}

void Captures::enable(const session::EnableTracks& command) {
  if (const Capture* heard = find(used_.microphone); heard != nullptr && !heard->sound.isNull()) {
    val(heard->sound).set("enabled", command.microphone);
  }
  const Capture* shown = find(used_.picture);
  if (shown == nullptr || shown->source != MediaSource::camera || shown->picture.isNull()) return;
  val(shown->picture).set("enabled", command.camera);
}

void Captures::list_devices() {
  const val devices = media_devices();
  if (!devices["enumerateDevices"].isUndefined()) {
    val(devices).set("ondevicechange", target_.listener(Event::devices_changed));
  }
  call_async(target_, devices, "enumerateDevices", {}, {}, Event::devices_listed,
             Event::listing_failed);
  if (std::exchange(asks_permissions_, true)) return;
  const val permissions = val::global("navigator")["permissions"];
  if (is_nothing(permissions)) return;
  for (const auto& [name, found] : {std::pair("camera", Event::camera_permission),
                                    std::pair("microphone", Event::microphone_permission)}) {
    call_async(target_, permissions, "query", {object_of({{"name", val(name)}})}, {}, found,
               Event::listing_failed);  // some browsers don't know these names
  }
}

void Captures::watch_permission(const val& status, Event changed) const {
  if (!is_nothing(status)) val(status).set("onchange", target_.listener(changed));
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

session::DeviceKind Captures::kind_of(const val& event) {
  const val track = event["target"];
  const bool sound = !is_nothing(track) && track["kind"].strictlyEquals(val("audio"));
  return sound ? session::DeviceKind::microphone : session::DeviceKind::camera;
}

void Captures::stop(val& track) {
  if (track.isNull()) return;
  for (const char* handler : {"onended", "onmute", "onunmute"}) track.set(handler, val::null());
  track.call<void>("stop");
  track = val::null();
}

void Captures::release(const session::ReleaseMedia& command) {
  const auto found = captures_.find(command.capture);
  if (found == captures_.end()) return;
  // A capture that was refused or is still pending has no tracks.
  if (command.only != session::DeviceKind::microphone) stop(found->second.picture);
  if (command.only != session::DeviceKind::camera) stop(found->second.sound);
  if (!command.only) captures_.erase(found);
}

void Captures::clear_preview() {
  close_mixer();
  in_use_ = val::null();
  preview_.set("onloadedmetadata", val::null());
  preview_.set("srcObject", val::null());
}

val Captures::in_use() const {
  return in_use_.isNull() ? stream_of({}) : in_use_;
}

const Captures::Capture* Captures::find(CaptureNumber capture) const {
  const auto found = captures_.find(capture);
  return found == captures_.end() ? nullptr : &found->second;
}

MediaSource Captures::source_of(CaptureNumber capture) const {
  const Capture* found = find(capture);
  return found == nullptr ? MediaSource::camera : found->source;
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
