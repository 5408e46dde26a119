// The client's interface for all pages. See talk_bindings.cpp and watch_bindings.cpp for each side.
#include <emscripten/bind.h>

#include "browser/events.hpp"
#include "browser/javascript.hpp"
#include "protocol/room_name.hpp"

namespace {

using emscripten::val;

/// Returns {room} for a page's location.search, or {error} with a sentence for people.
val room_of_query(const std::string& query) {
  const auto room = onair::protocol::room_of_query(query);
  if (const auto* refusal = std::get_if<onair::protocol::Refusal>(&room)) {
    return onair::browser::object_of({{"error", val(refusal->message)}});
  }
  return onair::browser::object_of({{"room", val(std::get<std::string>(room))}});
}

}  // namespace

EMSCRIPTEN_BINDINGS(onair) {
  emscripten::function(onair::browser::kDispatchName, &onair::browser::dispatch);
  emscripten::function("roomOfQuery", &room_of_query);
}
