// A room in the forwarder: its broadcast, the connection that feeds it, and its viewers.
//
// Contract: after each call that takes packets or time, and no later than next_deadline():
// send_due(). A viewer's SrtpSender outlives its time here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/time.hpp"
#include "sfu/control/control.hpp"
#include "sfu/negotiation/negotiation.hpp"
#include "sfu/publication/outlet.hpp"
#include "sfu/publication/publication.hpp"
#include "sfu/publisher/publisher.hpp"

namespace onair::sfu {

class ForwardedRoom {
 public:
  /// A talker is silent when nothing has come from it for so long.
  static constexpr Duration kSilence = std::chrono::seconds(2);

  explicit ForwardedRoom(std::string name);

  const std::string& name() const { return name_; }

  // For session descriptions.

  /// The formats that the current talker sends, or the last one sent: viewers may come before the
  /// next one has connected. Empty before the first.
  const Published& published() const { return published_; }
  bool has_publication() const;
  const LocalStreams& streams() const { return streams_; }

  // The talker.

  /// A talker's description was accepted. Viewers get its codecs from now on. Returns those that
  /// had sound or picture and have no codec in common with the talker for it.
  std::vector<ViewerId> set_published(const Agreed& talker);
  /// A talker is connected. It replaces the one before.
  void begin_talker(const Agreed& talker, TimePoint now);
  void end_talker();
  /// Decrypted datagrams of the talker's.
  void receive_rtp(Bytes datagram, TimePoint now);
  void receive_rtcp(Bytes datagram, TimePoint now);
  /// Writes one datagram of RTCP for the talker, in plain text; 0: nothing is due. `out` has
  /// PublisherFeedback::kMaxDatagram bytes.
  std::size_t write_feedback(TimePoint now, MutableBytes out);
  /// True where the talker's packets come, if that has changed since this was asked last. To be
  /// asked after packets and no later than next_deadline().
  std::optional<bool> take_media_change(TimePoint now);
  bool has_media() const { return has_media_; }

  // Viewers.

  ViewerId add_viewer(const Agreed& viewer, const Path& path, SrtpSender& srtp, TimePoint now);
  void remove_viewer(ViewerId id) { publication_.remove(id); }
  void set_viewer_path(ViewerId id, const Path& path) { publication_.set_path(id, path); }
  void receive_viewer_rtcp(ViewerId id, Bytes datagram, TimePoint now, Outlet& outlet);

  void send_due(TimePoint now, Outlet& outlet) { publication_.send_due(now, outlet); }
  std::optional<TimePoint> next_deadline() const;

  control::Traffic traffic() const;

 private:
  void note_key_frame_wishes();

  std::string name_;
  LocalStreams streams_;
  Published published_;
  IncomingTrack audio_{MediaKind::audio};
  IncomingTrack video_{MediaKind::video};
  KeyFramePolicy key_frames_;
  std::unique_ptr<Publisher> publisher_;  ///< null: no talker is connected
  Publication publication_;
  std::optional<TimePoint> media_at_;  ///< when the talker's last packet came; nothing: silent
  bool has_media_ = false;             ///< as reported last
  std::uint64_t packets_in_ = 0;
  std::uint64_t bytes_in_ = 0;
};

}  // namespace onair::sfu
