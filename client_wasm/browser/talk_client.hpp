// The broadcaster in a browser.
#pragma once

#include "browser/captures.hpp"
#include "browser/client.hpp"
#include "session/talk/talk_session.hpp"

namespace onair::browser {

class TalkClient final : public Client<TalkClient, session::TalkSession, session::TalkInput> {
 public:
  /// `options` as PageOptions; `video` is the preview.
  explicit TalkClient(val options);

  void start_video() { feed(session::StartRequested{session::MediaSource::camera}); }
  void start_screen() { feed(session::StartRequested{session::MediaSource::screen}); }
  /// Starts the camera without going on air.
  void preview() { feed(session::StartRequested{session::MediaSource::camera, true}); }
  void on_air() { feed(session::OnAirRequested{}); }
  void stop_video() { feed(session::StopRequested{}); }

  /// {camera, microphone, size, sound}: the ids of devices, or empty; "small", "standard" or
  /// "large"; "speech" or "music".
  void choose(val choice);
  void switch_microphone(bool on) { feed(session::MicrophoneSwitched{on}); }
  void switch_camera(bool on) { feed(session::CameraSwitched{on}); }

  void remove_chat_line(protocol::ChatLineId id) { feed(session::ChatRemovalRequested{id}); }
  void mute(const std::string& viewer, bool on) { feed(session::MutingRequested{viewer, on}); }

  /// Stops admitting viewers, or admits them again.
  void lock_room(bool locked) { feed(session::LockSwitched{locked}); }
  void keep_direct(bool direct) { feed(session::DirectKept{direct}); }
  /// Removes a viewer from the room. The person can enter an open room anew.
  void remove_viewer(const std::string& viewer) { feed(session::RemovalRequested{viewer}); }
  /// Stops, and removes everyone from the room.
  void end_room() { feed(session::RoomEndRequested{}); }

 private:
  using Base = Client<TalkClient, session::TalkSession, session::TalkInput>;
  friend Base;
  using Base::perform;
  void perform(const session::CreateConnection& create);
  void perform(const session::AcquireMedia& acquire) { captures_.acquire(acquire); }
  void perform(const session::UseMedia& use) { captures_.use(use); }
  void perform(const session::ReleaseMedia& release) { captures_.release(release); }
  void perform(const session::ListDevices&) { captures_.list_devices(); }
  void perform(const session::EnableTracks& enable) { captures_.enable(enable); }
  void perform(const session::ReplaceTracks& replace) {
    connections_.replace_tracks(replace.key, captures_.in_use());
  }

  void perform(const session::LimitSending& limit) { connections_.limit_sending(limit); }
  void perform(const session::MeasureSending& measure) {
    connections_.measure(measure.key, Event::sending_measured);
  }

  using Base::on_event;
  void on_event(Event event, std::monostate page, const val& payload) override;
  void on_event(Event event, CaptureTag capture, const val& payload) override;
  void on_event(Event event, const ConnectionKey& key, const val& payload) override;
  void permission_changed(session::DeviceKind kind, const val& event);
  void media_granted(session::CaptureNumber capture, const val& stream);
  void media_failed(session::CaptureNumber capture, const val& error);
  static val view_for_page(const session::TalkView& view);

  Captures captures_;
};

}  // namespace onair::browser
