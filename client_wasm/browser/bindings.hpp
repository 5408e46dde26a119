// Parts that the bindings of both sides share.
#pragma once

#include <string>

#include <emscripten/bind.h>

namespace onair::browser {

/// Binds the functions of both sides. The casts turn a base class's functions into the class's own,
/// which embind requires.
template <typename Client>
emscripten::class_<Client> bind_client(const char* name) {
  return emscripten::class_<Client>(name)
      .template constructor<emscripten::val>()
      .function("start", static_cast<void (Client::*)()>(&Client::start))
      .function("wake", static_cast<void (Client::*)()>(&Client::wake))
      .function("leave", static_cast<void (Client::*)()>(&Client::leave))
      .function("sendText", static_cast<void (Client::*)(const std::string&)>(&Client::send_text))
      .function("say",
                static_cast<void (Client::*)(const std::string&, const std::string&)>(&Client::say))
      .function("view", static_cast<emscripten::val (Client::*)() const>(&Client::view));
}

}  // namespace onair::browser
