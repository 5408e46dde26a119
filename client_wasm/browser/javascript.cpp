#include "browser/javascript.hpp"

#include <emscripten.h>

using emscripten::EM_VAL;

// clang-format off
EM_JS(EM_VAL, onair_attempt, (EM_VAL object, EM_VAL method, EM_VAL args), {
  const target = Emval.toValue(object);
  const name = Emval.toValue(method);
  const list = Emval.toValue(args);
  try {
    const value = name === null ? Reflect.construct(target, list) : target[name](...list);
    return Emval.toHandle({ok : true, value});
  } catch (value) {
    return Emval.toHandle({ok : false, value});
  }
});
// clang-format on

namespace onair::browser {
namespace {

Outcome call(const val& object, const val& method, std::initializer_list<val> arguments) {
  const val list = val::array();
  for (const val& argument : arguments) list.call<void>("push", argument);
  const val outcome =
      val::take_ownership(onair_attempt(object.as_handle(), method.as_handle(), list.as_handle()));
  return {outcome["ok"].as<bool>(), outcome["value"]};
}

}  // namespace

Outcome attempt(const val& object, const char* method, std::initializer_list<val> arguments) {
  return call(object, val(method), arguments);
}

Outcome attempt_new(const char* global_class, std::initializer_list<val> arguments) {
  const val constructor = val::global(global_class);
  if (is_nothing(constructor)) return {false, val(std::string(global_class) + " is missing")};
  return call(constructor, val::null(), arguments);
}

std::string describe_error(const val& error) {
  return val::global("String")(error).as<std::string>();
}

void report(const val& error) {
  if (attempt(val::global(), "reportError", {error}).ok) return;
  val::global("console").call<void>("error", error);
}

bool is_nothing(const val& value) {
  return value.isNull() || value.isUndefined();
}

val object_of(std::initializer_list<std::pair<const char*, val>> fields) {
  val object = val::object();
  for (const auto& [name, value] : fields) object.set(name, value);
  return object;
}

}  // namespace onair::browser
