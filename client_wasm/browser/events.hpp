// JavaScript callbacks into C++. A callback is a JavaScript function bound to a few numbers and a
// string. It holds no C++ object, so nothing must be freed and nothing can dangle: it looks its
// target up by number when it runs, and does nothing if the target has been destroyed.
#pragma once

#include <string>
#include <variant>

#include <emscripten/val.h>

#include "session/link/signaling.hpp"
#include "session/peer_connection.hpp"
#include "session/talk/local_media.hpp"

namespace onair::browser {

using emscripten::val;
using session::ConnectionKey;

enum class Event {
  deadline,
  socket_opened,
  socket_closed,
  socket_message,
  answer_created,
  local_description_made,
  local_description_failed,
  remote_description_applied,
  remote_description_failed,
  candidate_added,
  candidate_failed,
  candidate_found,
  transport_changed,
  track_arrived,
  channel_arrived,
  channel_opened,
  channel_message,
  channel_closed,
  channel_failed,
  chat_opened,
  chat_message,
  chat_closed,
  tracks_replaced,
  replacing_failed,
  sending_limited,
  limiting_failed,
  sending_measured,
  receiving_measured,
  measuring_failed,
  devices_changed,
  devices_listed,
  listing_failed,
  camera_permission,
  microphone_permission,
  camera_permission_changed,
  microphone_permission_changed,
  media_granted,
  media_failed,
  media_ended,
  media_muted,
  media_unmuted,
  preview_ready,
  play_failed,
};

struct SocketTag {
  session::SocketNumber number;
};

struct CaptureTag {
  session::CaptureNumber number;
};

/// The object that an event comes from; empty for the page.
using EventTag = std::variant<std::monostate, ConnectionKey, SocketTag, CaptureTag>;

class EventTarget {
 public:
  EventTarget();
  virtual ~EventTarget();
  EventTarget(const EventTarget&) = delete;
  EventTarget& operator=(const EventTarget&) = delete;

  /// A JavaScript function of one argument, the payload. It calls the `on_event` of its tag's type.
  val listener(Event event, const EventTag& tag = {}) const;

  virtual void on_event(Event event, std::monostate page, const val& payload) = 0;
  virtual void on_event(Event event, const ConnectionKey& key, const val& payload) = 0;
  virtual void on_event(Event event, SocketTag socket, const val& payload) = 0;
  virtual void on_event(Event event, CaptureTag capture, const val& payload) = 0;

 private:
  int id_;
};

/// Runs in every listener; bindings.cpp exports it to JavaScript under kDispatchName.
/// `kind` is the tag's index, `peer` and `number` its fields.
void dispatch(int target, int event, int kind, std::string peer, std::uint32_t number, val payload);

inline constexpr const char* kDispatchName = "dispatch";

}  // namespace onair::browser
