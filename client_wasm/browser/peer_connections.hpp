// The browser's RTCPeerConnections (W3C webrtc-pc), keyed like the session's table.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "browser/events.hpp"
#include "session/peer_connection.hpp"
#include "session/talk/local_media.hpp"

namespace onair::browser {

/// RTCDataChannelInit. The browser refuses both limits at once; with neither the channel is
/// reliable.
struct DataChannelOptions {
  bool ordered = false;
  std::optional<std::uint16_t> max_packet_life_time_ms = 3000;
  std::optional<std::uint16_t> max_retransmits = {};
};

/// The end of a broadcast that the connections of a page are.
enum class Side { talker, watcher };

class PeerConnections {
 public:
  PeerConnections(const EventTarget& target, Side side) : target_(target), side_(side) {}

  /// The label of the data channel that the talker opens.
  static constexpr const char* kChannelLabel = "onair";
  /// The label of the chat channel, which is reliable and ordered.
  static constexpr const char* kChatLabel = "chat";

  /// Creates a talker's connection: sends the tracks of `stream`, one audio and one video at most,
  /// and opens the data channels, the first with `channel`. Returns the browser's error on failure.
  std::optional<std::string> create_sending(const session::CreateConnection& command,
                                            const val& stream, const DataChannelOptions& channel);

  /// Creates a watcher's connection: accepts the tracks and channels of the offer.
  std::optional<std::string> create_receiving(const session::CreateConnection& command);

  /// Sets fresh credentials; the next offer restarts ICE.
  void restart_ice(const session::RestartIce& command);
  void refresh_ice(const session::RefreshIce& command);

  /// A watcher's answer that asks for stereo is created first, and changed: `target` receives
  /// answer_created, whose payload goes into apply_answer().
  void make_local_description(const session::MakeLocalDescription& command);
  void apply_answer(const ConnectionKey& key, const val& answer);
  void apply_remote_description(const ConnectionKey& key, const std::string& sdp);
  void add_candidate(const ConnectionKey& key, const session::Candidate& candidate);

  /// Sends the tracks of `stream` from now on.
  void replace_tracks(const ConnectionKey& key, const val& stream);

  /// Limits the video sender.
  void limit_sending(const session::LimitSending& command);

  /// `target` receives `measured` with an RTCStatsReport.
  void measure(const ConnectionKey& key, Event measured);

  /// False if the channel is not open, or if the other end reads so slowly that the channel's
  /// buffer is full.
  bool send_text(const ConnectionKey& key, const std::string& text);
  bool send_chat(const ConnectionKey& key, const std::string& frame);

  /// Limit of what waits in a data channel, in bytes; as for a client of the server.
  static constexpr double kMaxBufferedBytes = 1'048'576;

  /// Accepts a data channel that the talker opened: one of each kind at a time, further ones are
  /// closed.
  void adopt_channel(const ConnectionKey& key, const val& channel);

  /// Closes the connection and removes it and its handlers.
  void close(const ConnectionKey& key);

  /// localDescription.sdp, with the candidates found so far.
  std::string local_sdp(const ConnectionKey& key) const;

  std::optional<session::TransportState> transport(const ConnectionKey& key) const;

  std::size_t size() const { return held_.size(); }

 private:
  struct Held {
    val connection;
    val channel = val::null();
    val chat = val::null();
  };

  std::optional<std::string> create(const session::CreateConnection& command);
  const Held* find(const ConnectionKey& key) const;

  const EventTarget& target_;
  Side side_;
  std::map<ConnectionKey, Held> held_;
};

}  // namespace onair::browser
