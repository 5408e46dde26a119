// A socket.io client: its Engine.IO session, over HTTP long-polling, a WebSocket, or first the
// one and then the other, and its Socket.IO events. No sockets and no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "rooms/frame.hpp"
#include "rooms/member_kind.hpp"
#include "rooms/time.hpp"
#include "socketio/engine_codec.hpp"
#include "socketio/packet_codec.hpp"

namespace onair::socketio {

using rooms::Duration;
using rooms::TimePoint;

/// Hosts a session: carries its packets, and connects it with the rooms. Of the session's own
/// functions, only deliver() and close() may be called before one of these returns.
class SessionHost {
 public:
  // The client's connections:
  /// Answers the poll that waits. The last one is followed by no other.
  virtual void answer_poll(std::string payload) = 0;
  /// Bytes that wait for the client on its WebSocket, where that is another thread's: there the
  /// stream's own bound holds too late.
  virtual std::size_t websocket_backlog() const = 0;
  /// `packet` is the text of an Engine.IO packet; many sessions may share it.
  virtual void send_on_websocket(const rooms::Frame& packet) = 0;
  virtual void close_websocket(protocol::CloseCode code) = 0;
  /// More waits for the client than may. The host closes the session (`try_again_later`).
  virtual void overflowed() = 0;
  /// The session has ended and may be destroyed. Each WebSocket that it had was closed by
  /// close_websocket(), unless websocket_closed() reported its end.
  virtual void ended() = 0;

  // The rooms:
  virtual void enter(const rooms::EntryRequest& request) = 0;
  virtual void send(const protocol::Envelope& envelope, std::string_view object) = 0;
  /// Out of the room, for good.
  virtual void leave() = 0;
  virtual void refuse(const protocol::Refusal& refusal) = 0;
  /// False where the client has sent too much and is being closed.
  virtual bool spend(std::size_t bytes) = 0;
  /// True while it waits for the answer to `enter`.
  virtual bool is_entering() const = 0;

 protected:
  ~SessionHost() = default;
};

struct SessionOptions {
  Revision revision = Revision::v4;
  std::string sid;                        ///< of the Engine.IO session
  std::string id;                         ///< the client's id as a peer; in revision 3 the same
  std::optional<std::string> token = {};  ///< from the query of its first request
  bool starts_on_websocket = false;
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  /// Time to join a namespace, to upgrade, and to fetch the last packets.
  std::chrono::milliseconds step_timeout{10'000};
  std::size_t max_message_bytes = 65'536;
  std::size_t max_payload_bytes = 262'144;
  std::size_t max_queue_bytes = 1'048'576;
};

class Session {
 public:
  Session(SessionOptions options, SessionHost& host, TimePoint now);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// To be called once, when the host is ready to be called.
  void start();

  /// True while the client's packets come and go over HTTP.
  bool is_polling() const {
    return transport_ == Transport::polling || transport_ == Transport::upgrading ||
           transport_ == Transport::closing_polling;
  }
  /// Size of the packets that wait to be fetched, in bytes: the text of packets, and what each
  /// packet costs.
  std::size_t queue_bytes() const { return queue_bytes_; }
  /// True while a WebSocket that probe() announced may come and speak.
  bool awaits_websocket() const { return has_websocket_ && transport_ == Transport::upgrading; }
  /// True where go_on() has something to do once the client is in its room, or is not let in.
  bool awaits_entry() const { return entering_default_room_ || !pending_.empty(); }

  // HTTP long-polling:
  /// The client waits for packets. False where it may not; while another poll waits, that ends the
  /// session.
  bool poll();
  /// The client sends packets. False where it may not, or they are none, which
  /// ends the session.
  bool receive_payload(std::string_view body, TimePoint now);
  /// The client's poll was broken off, and with it the session.
  void poll_broken_off();

  // A WebSocket.
  /// Begins the change from polling to a WebSocket. False where there is none to be made.
  bool probe(TimePoint now);
  void receive_on_websocket(std::string_view text, TimePoint now);
  void websocket_closed();
  /// Reports an error of the client's own to it, also while it enters the default room.
  void refuse(const protocol::Refusal& refusal);

  /// Queues a frame for the client; `packet`, which may be null, is packet_for(frame).
  void deliver(const rooms::SharedFrame& frame, const rooms::Frame& packet);

  /// Answers the poll that waits, if there is something for it.
  void flush();

  /// Goes on with the events that came while the client waited for a room.
  void go_on();

  /// Ends the session after the packets sent before.
  void close(protocol::CloseCode code, TimePoint now);

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

 private:
  enum class Transport {
    polling,
    upgrading,  ///< polling, while a WebSocket is being tried
    websocket,
    closing_polling,  ///< until the client has fetched the last packets
    closing_websocket,
    none,
  };

  bool is_open() const {
    return transport_ == Transport::polling || transport_ == Transport::upgrading ||
           transport_ == Transport::websocket;
  }

  // Engine.IO. A bool is false where the client broke the protocol.
  void send(EnginePacket::Kind kind, std::string_view data = {});
  void send(const rooms::Frame& packet);
  void enqueue(const rooms::Frame& packet);
  void send_last(std::string_view data);
  void clear_queue();
  void close_websocket(protocol::CloseCode code);
  bool receive(const EnginePacket& packet, TimePoint now);
  bool spend(std::size_t bytes);
  void try_upgrade(std::string_view text);
  void note_activity(EnginePacket::Kind kind, TimePoint now);
  void answer_poll();
  void answer_poll_with(EnginePacket::Kind kind);
  void break_off();
  void finish();

  // Socket.IO
  bool receive_message(std::string_view text, TimePoint now);
  bool connect(const Packet& packet);
  void enter_default_room();
  void enter_room(const std::string& room);
  void disconnect(TimePoint now);
  bool receive_event(std::string_view data);

  // The events of the original JavaScript program (SOCKETIO.md)
  void enter(const Event& event);
  void send_message(const Event& event);

  SessionOptions options_;
  SessionHost& host_;
  Transport transport_;
  std::deque<rooms::Frame> queue_;  ///< while polling
  std::size_t queue_bytes_ = 0;
  bool poll_waits_ = false;
  bool has_websocket_;   ///< that was neither closed nor has closed
  bool probed_ = false;  ///< the WebSocket that is being tried works

  std::optional<TimePoint> ping_at_;  ///< revision 4, where the server pings
  std::optional<TimePoint> dead_at_;  ///< unless something comes before
  std::optional<TimePoint> upgrade_until_;
  std::optional<TimePoint> connect_until_;
  std::optional<TimePoint> close_until_;

  bool connected_ = false;              ///< is in the default namespace
  bool entering_default_room_ = false;  ///< which it did not ask for, so it gets no result
  bool reports_own_errors_ = false;     ///< while an error is due to the client's own packet
  std::deque<std::string> pending_;     ///< events that came while it waited for a room
  std::size_t pending_bytes_ = 0;
};

}  // namespace onair::socketio
