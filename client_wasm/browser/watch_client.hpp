// A viewer in a browser.
#pragma once

#include <map>
#include <optional>

#include "browser/client.hpp"
#include "session/watch/watch_session.hpp"

namespace onair::browser {

class WatchClient final : public Client<WatchClient, session::WatchSession, session::WatchInput> {
 public:
  /// `options` as PageOptions; `video` shows the broadcast. With several, the page shows the
  /// others: `tile(id, stream)`, with null at the end.
  explicit WatchClient(val options);

  void request() { feed(session::RequestPressed{}); }

 private:
  using Base = Client<WatchClient, session::WatchSession, session::WatchInput>;
  friend Base;
  using Base::perform;
  void perform(const session::CreateConnection& create);
  void perform(const session::CloseConnection& close);
  void perform(const session::MeasureReceiving& measure) {
    connections_.measure(measure.key, Event::receiving_measured);
  }
  void perform(const session::AttachStream& show);
  void perform(const session::SwitchStream& change);
  void perform(const session::DetachStream& clear);

  using Base::on_event;
  void on_event(Event event, const ConnectionKey& key, const val& payload) override;
  void take_track(const ConnectionKey& key, const val& event);
  static val view_for_page(const session::WatchView& view);

  std::string tile_id_for(const ConnectionKey& key) const;
  /// True where the page exchanges the sound of the stream that is shown. It fades, in some
  /// moments.
  bool crossfade(const val& shown, const val& sound);
  /// At once, which a person may hear.
  void exchange_sound(const ConnectionKey& key);

  struct Received {
    val stream;
    val shown =
        val::null();  ///< what the page plays: the stream, or another object with its tracks
    bool has_picture = true;  ///< false where only its sound is shown
  };
  std::map<ConnectionKey, Received> streams_;
  std::optional<ConnectionKey> in_video_;
  std::map<ConnectionKey, std::string> in_tiles_;  ///< with the id that the page has for each
};

}  // namespace onair::browser
