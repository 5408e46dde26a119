// The Engine.IO session: transports, packets, and the end. Events are in session_events.cpp.
#include "socketio/session.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::socketio {

using protocol::CloseCode;
using protocol::ErrorCode;
using Kind = EnginePacket::Kind;

namespace {

/// True where the client shall try again. One that is disconnected from the namespace does not.
bool invites_back(CloseCode code) {
  return code == CloseCode::service_restart || code == CloseCode::try_again_later;
}

std::string open_packet(const SessionOptions& options) {
  nlohmann::json handshake = {{"sid", options.sid},
                              {"upgrades", nlohmann::json::array()},
                              {"pingInterval", options.ping_interval.count()},
                              {"pingTimeout", options.ping_timeout.count()},
                              {"maxPayload", options.max_payload_bytes}};
  if (!options.starts_on_websocket) handshake["upgrades"].push_back("websocket");
  return handshake.dump();
}

}  // namespace

Session::Session(SessionOptions options, SessionHost& host, TimePoint now)
    : options_(std::move(options)),
      host_(host),
      transport_(options_.starts_on_websocket ? Transport::websocket : Transport::polling),
      has_websocket_(options_.starts_on_websocket) {
  if (options_.revision == Revision::v4) {
    ping_at_ = now + options_.ping_interval;
    connect_until_ = now + options_.step_timeout;
  } else {
    note_activity(Kind::open, now);
  }
}

void Session::start() {
  send(Kind::open, open_packet(options_));
  if (options_.revision == Revision::v4) return;
  connected_ = true;
  send(Kind::message, encode_connect(options_.revision, options_.id));
  enter_default_room();
}

// Transports.

void Session::send(Kind kind, std::string_view data) {
  send(std::make_shared<const rooms::SharedFrame>(encode_packet({kind, data})));
}

/// The one way into the queue, so that whatever is sent counts: frames of the rooms, answers to the
/// client's own packets, pings.
void Session::send(const rooms::Frame& packet) {
  if (!is_open()) return;
  const bool on_websocket = transport_ == Transport::websocket;
  const std::size_t waiting = on_websocket ? host_.websocket_backlog() : queue_bytes_;
  if (waiting + packet->cost() > options_.max_queue_bytes) return host_.overflowed();
  on_websocket ? host_.send_on_websocket(packet) : enqueue(packet);
}

void Session::enqueue(const rooms::Frame& packet) {
  queue_bytes_ += packet->cost();
  queue_.push_back(packet);
}

void Session::clear_queue() {
  queue_.clear();
  queue_bytes_ = 0;
}

void Session::close_websocket(CloseCode code) {
  if (std::exchange(has_websocket_, false)) host_.close_websocket(code);
}

void Session::deliver(const rooms::SharedFrame& frame, const rooms::Frame& packet) {
  const bool unwanted = entering_default_room_ && !reports_own_errors_ && frame.from().empty();
  if (packet != nullptr && !unwanted) send(packet);
}

void Session::flush() {
  if (!poll_waits_ || !is_polling()) return;
  if (!queue_.empty()) {
    answer_poll();
  } else if (transport_ == Transport::upgrading && probed_) {
    answer_poll_with(Kind::noop);  // the client changes over when no poll of its own is under way
  } else if (transport_ == Transport::closing_polling) {
    // By itself: a client that finds it behind other packets closes before it has looked at them.
    answer_poll_with(Kind::close);
    finish();
  }
}

void Session::answer_poll() {
  PayloadEncoder encoder(options_.revision, queue_bytes_);
  for (const rooms::Frame& packet : queue_) encoder.add(packet->text());
  clear_queue();
  poll_waits_ = false;
  host_.answer_poll(encoder.take());
}

void Session::answer_poll_with(Kind kind) {
  if (!std::exchange(poll_waits_, false)) return;
  const std::string packet = encode_packet({kind});
  PayloadEncoder encoder(options_.revision, packet.size());
  encoder.add(packet);
  host_.answer_poll(encoder.take());
}

bool Session::poll() {
  if (!is_polling()) return false;
  if (poll_waits_) {
    break_off();
    return false;
  }
  poll_waits_ = true;
  flush();
  return true;
}

void Session::poll_broken_off() {
  if (!poll_waits_) return;
  poll_waits_ = false;
  finish();
}

bool Session::receive_payload(std::string_view body, TimePoint now) {
  if (!is_polling()) return false;
  const auto payload = protocol::is_utf8(body) ? decode_payload(options_.revision, body)
                                               : decltype(decode_payload({}, {}))(Fault::binary);
  if (const auto* fault = std::get_if<Fault>(&payload)) {
    if (*fault == Fault::binary) {
      refuse({ErrorCode::binary_frame, "Packets must be text."});
    } else {
      break_off();
    }
    return false;
  }
  for (const EnginePacket& packet : std::get<std::vector<EnginePacket>>(payload)) {
    if (transport_ == Transport::closing_polling && packet.kind == Kind::close) finish();
    if (!is_open()) return true;
    if (receive(packet, now)) continue;
    break_off();
    return false;
  }
  return true;
}

bool Session::probe(TimePoint now) {
  if (transport_ != Transport::polling) return false;
  transport_ = Transport::upgrading;
  has_websocket_ = true;
  probed_ = false;
  upgrade_until_ = now + options_.step_timeout;
  return true;
}

void Session::receive_on_websocket(std::string_view text, TimePoint now) {
  if (transport_ == Transport::upgrading) return try_upgrade(text);
  if (transport_ != Transport::websocket) return;
  const auto packet = decode_packet(text);
  if (const auto* fault = std::get_if<Fault>(&packet)) {
    if (*fault == Fault::binary) {
      return refuse({ErrorCode::binary_frame, "Packets must be text."});
    }
    return break_off();
  }
  if (!receive(std::get<EnginePacket>(packet), now)) break_off();
}

void Session::try_upgrade(std::string_view text) {
  const std::string probe = encode_packet({Kind::ping, "probe"});
  if (!probed_ && text == probe) {
    probed_ = true;
    host_.send_on_websocket(
        std::make_shared<const rooms::SharedFrame>(encode_packet({Kind::pong, "probe"})));
    return flush();
  }
  upgrade_until_.reset();
  if (!probed_ || text != encode_packet({Kind::upgrade})) {
    transport_ = Transport::polling;
    return close_websocket(CloseCode::policy_violation);
  }
  answer_poll_with(Kind::noop);
  transport_ = Transport::websocket;
  for (const rooms::Frame& packet : queue_) host_.send_on_websocket(packet);
  clear_queue();
}

void Session::websocket_closed() {
  has_websocket_ = false;
  if (transport_ == Transport::upgrading) {
    upgrade_until_.reset();
    transport_ = Transport::polling;
  } else if (transport_ == Transport::websocket || transport_ == Transport::closing_websocket) {
    finish();
  }
}

// The session's life.

void Session::refuse(const protocol::Refusal& refusal) {
  reports_own_errors_ = true;
  host_.refuse(refusal);
  reports_own_errors_ = false;
}

bool Session::spend(std::size_t bytes) {
  reports_own_errors_ = true;
  const bool may = host_.spend(bytes);
  reports_own_errors_ = false;
  return may;
}

bool Session::receive(const EnginePacket& packet, TimePoint now) {
  note_activity(packet.kind, now);
  if (!spend(packet.data.size())) return true;
  switch (packet.kind) {
    case Kind::open: return false;
    case Kind::close:
      answer_poll_with(Kind::noop);
      finish();
      return true;
    case Kind::ping:
      if (options_.revision == Revision::v4) return false;
      send(Kind::pong, packet.data);
      return true;
    case Kind::pong:
    case Kind::upgrade:
    case Kind::noop: return true;
    case Kind::message:
      if (packet.data.size() <= options_.max_message_bytes) {
        return receive_message(packet.data, now);
      }
      refuse(
          {ErrorCode::frame_too_large,
           "A packet may have at most " + std::to_string(options_.max_message_bytes) + " bytes."});
      return true;
  }
  return false;
}

/// Any packet shows that the client lives.
void Session::note_activity(Kind kind, TimePoint now) {
  if (options_.revision == Revision::v3) {
    dead_at_ = now + options_.ping_interval + options_.ping_timeout;
  } else if (kind == Kind::pong) {
    dead_at_.reset();
    ping_at_ = now + options_.ping_interval;
  } else if (dead_at_) {
    dead_at_ = now + options_.ping_timeout;
  }
}

void Session::close(CloseCode code, TimePoint now) {
  if (!is_open()) return;
  close_until_ = now + options_.step_timeout;
  if (code == CloseCode::try_again_later) clear_queue();
  if (connected_ && !invites_back(code)) send_last(encode_disconnect());
  transport_ = transport_ == Transport::websocket ? Transport::closing_websocket
                                                  : Transport::closing_polling;
  close_websocket(code);
}

/// Beside the bound, since a client that does not get it comes back; there is one in a session's
/// life.
void Session::send_last(std::string_view data) {
  const auto packet =
      std::make_shared<const rooms::SharedFrame>(encode_packet({Kind::message, data}));
  if (transport_ == Transport::websocket) return host_.send_on_websocket(packet);
  enqueue(packet);
}

/// Ends the session of a client that broke the protocol.
void Session::break_off() {
  close_websocket(CloseCode::policy_violation);
  finish();
}

void Session::finish() {
  if (transport_ == Transport::none) return;
  answer_poll_with(Kind::close);
  transport_ = Transport::none;
  clear_queue();
  close_websocket(CloseCode::normal);
  host_.ended();
}

void Session::advance(TimePoint now) {
  if (transport_ == Transport::none) return;
  const auto is_due = [now](const std::optional<TimePoint>& time) { return time && *time <= now; };
  if (is_due(dead_at_) || is_due(connect_until_) || is_due(close_until_)) return break_off();
  if (is_due(upgrade_until_)) {
    upgrade_until_.reset();
    transport_ = Transport::polling;
    close_websocket(CloseCode::policy_violation);
  }
  if (is_due(ping_at_)) {
    ping_at_.reset();
    dead_at_ = now + options_.ping_timeout;
    send(Kind::ping);
    flush();
  }
}

std::optional<TimePoint> Session::next_deadline() const {
  if (transport_ == Transport::none) return std::nullopt;
  return rooms::earliest({ping_at_, dead_at_, upgrade_until_, connect_until_, close_until_});
}

}  // namespace onair::socketio
