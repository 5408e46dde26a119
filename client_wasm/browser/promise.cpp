#include "browser/promise.hpp"

#include "browser/javascript.hpp"

namespace onair::browser {

void call_async(const EventTarget& target, const val& object, const char* method,
                std::initializer_list<val> arguments, const EventTag& tag, Event success,
                Event failure) {
  const Outcome called = attempt(object, method, arguments);
  const val promises = val::global("Promise");
  const val promise = promises.call<val>(called.ok ? "resolve" : "reject", called.value);
  promise.call<void>("then", target.listener(success, tag), target.listener(failure, tag));
}

}  // namespace onair::browser
