// JavaScript callbacks into C++. A callback is a JavaScript function bound to a few numbers and a
// string. It holds no C++ object, so nothing must be freed and nothing can dangle: it looks its
// target up by number when it runs, and does nothing if the target has been destroyed.
#pragma once

#include <emscripten/val.h>

#include "session/peer_connection.hpp"

namespace onair::browser {

using emscripten::val;
using session::ConnectionKey;

enum class Event {
  deadline,
  socket_opened,
  socket_closed,
  socket_message,
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
  media_granted,
  media_failed,
  media_ended,
  preview_ready,
  play_failed,
};

class EventTarget {
 public:
  EventTarget();
  virtual ~EventTarget();
  EventTarget(const EventTarget&) = delete;
  EventTarget& operator=(const EventTarget&) = delete;

  /// A JavaScript function of one argument. It returns `key` with the event: a connection's key, or
  /// the number of a socket or a capture as the generation.
  val listener(Event event, const ConnectionKey& key = {}) const;

  virtual void on_event(Event event, const ConnectionKey& key, const val& payload) = 0;

 private:
  int id_;
};

/// Runs in every listener; bindings.cpp exports it to JavaScript under kDispatchName.
void dispatch(int target, int event, std::string peer, session::Generation generation, val payload);

inline constexpr const char* kDispatchName = "dispatch";

}  // namespace onair::browser
