#include "session/talk/local_media.hpp"

namespace onair::session {

std::string_view name_of(PictureSize size) {
  switch (size) {
    case PictureSize::small: return "small";
    case PictureSize::standard: return "standard";
    case PictureSize::large: return "large";
  }
  return "standard";
}

std::string_view name_of(SoundMode sound) {
  return sound == SoundMode::music ? "music" : "speech";
}

std::string_view name_of(DeviceState state) {
  switch (state) {
    case DeviceState::idle: return "idle";
    case DeviceState::starting: return "starting";
    case DeviceState::live: return "live";
    case DeviceState::missing: return "missing";
    case DeviceState::busy: return "busy";
    case DeviceState::refused: return "refused";
    case DeviceState::failed: return "failed";
    case DeviceState::lost: return "lost";
    case DeviceState::interrupted: return "interrupted";
    case DeviceState::frameless: return "frameless";
  }
  return "idle";
}

void copy_device(DeviceKind kind, const MediaChoice& from, MediaChoice& to) {
  if (kind == DeviceKind::camera) {
    to.camera = from.camera;
    to.size = from.size;
  } else {
    to.microphone = from.microphone;
    to.sound = from.sound;
  }
}

bool same_device(DeviceKind kind, MediaChoice a, const MediaChoice& b) {
  const MediaChoice whole = a;
  copy_device(kind, b, a);
  return a == whole;
}

std::string_view content_hint_of(MediaSource source) {
  return source == MediaSource::screen ? "detail" : "motion";
}

std::string_view content_hint_of(SoundMode sound) {
  return name_of(sound);
}

}  // namespace onair::session
