// JavaScript callbacks into C++. A callback is a JavaScript function bound to a few numbers and a
// string; it holds no C++ object, so there is nothing to free and nothing that could dangle. When
// it runs, its target is looked up by number, and a target that is gone is a callback that does
// nothing.
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

  /// A function of one argument, to be given to JavaScript. `key` comes back with the event: of a
  /// connection its key, of a socket or a capture its number as the generation.
  val listener(Event event, const ConnectionKey& key = {}) const;

  virtual void on_event(Event event, const ConnectionKey& key, const val& payload) = 0;

 private:
  int id_;
};

/// What every listener runs; bound for JavaScript in bindings.cpp under kDispatchName.
void dispatch(int target, int event, std::string peer, session::Generation generation, val payload);

inline constexpr const char* kDispatchName = "dispatch";

}  // namespace onair::browser
