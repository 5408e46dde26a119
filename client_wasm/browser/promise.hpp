// Converts promises to events.
#pragma once

#include <initializer_list>

#include "browser/events.hpp"

namespace onair::browser {

/// Calls object.method(...arguments). `target` receives `success` with the value or `failure` with
/// the error, also if the call itself throws, and never before this returns.
void call_async(const EventTarget& target, const val& object, const char* method,
                std::initializer_list<val> arguments, const EventTag& tag, Event success,
                Event failure);

}  // namespace onair::browser
