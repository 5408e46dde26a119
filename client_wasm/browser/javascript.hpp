// Calls into JavaScript that may throw. We build without C++ exceptions, so a JavaScript exception
// would leave our frames without running their destructors; these functions catch it first.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include <emscripten/val.h>

namespace onair::browser {

using emscripten::val;

struct Outcome {
  bool ok;
  val value;  ///< the result, or the exception
};

/// object.method(...arguments)
Outcome attempt(const val& object, const char* method, std::initializer_list<val> arguments);

/// new Class(...arguments), where Class is global.
Outcome attempt_new(const char* global_class, std::initializer_list<val> arguments);

/// Text of any thrown value, such as "NotAllowedError: Permission denied".
std::string describe_error(const val& error);

/// Reports what a function of the page has thrown as the browser does where nobody catches it, so
/// that the page learns of it: it shows then that something went wrong. Old browsers log it alone.
void report(const val& error);

bool is_nothing(const val& value);

template <typename Value>
val or_null(const std::optional<Value>& value) {
  return value ? val(*value) : val::null();
}

/// Calls `function` with each element of an array.
template <typename Function>
void for_each(const val& array, Function function) {
  for (int i = 0; i < array["length"].as<int>(); ++i) function(val(array[i]));
}

/// An object with these fields.
val object_of(std::initializer_list<std::pair<const char*, val>> fields);

}  // namespace onair::browser
