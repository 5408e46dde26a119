// Promises that end in events.
#pragma once

#include <initializer_list>

#include "browser/events.hpp"

namespace onair::browser {

/// Calls object.method(...arguments). `target` hears `success` with the value or `failure` with the
/// error, never before this returns, also where the call itself throws.
void call_async(const EventTarget& target, const val& object, const char* method,
                std::initializer_list<val> arguments, const ConnectionKey& key, Event success,
                Event failure);

}  // namespace onair::browser
