// Prints as JSON the names that pages and other programs know:
// {"Notice":["none","no_camera",...],...}. The keys are those of client_wasm/browser/onair.d.mts,
// where it has one. Tests compare it with the pages' types and texts.
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "protocol/chat.hpp"
#include "protocol/error_code.hpp"
#include "session/link/signaling_link.hpp"
#include "session/page.hpp"
#include "session/reception.hpp"
#include "session/record/recording_session.hpp"
#include "session/talk/local_media.hpp"
#include "session/talk/local_stream.hpp"
#include "session/talk/talk_session.hpp"
#include "session/watch/watch_session.hpp"

namespace onair {
namespace {

using nlohmann::json;
using namespace session;

/// True where `value` is declared in its enumeration. The compilers that we use write such a value
/// as its name, and any other as a cast of a number: "[... value = onair::Notice::none]", "[...
/// value = (onair::Notice)99]".
template <auto value>
consteval bool is_declared() {
  const std::string_view signature = __PRETTY_FUNCTION__;
  return signature[signature.find("value = ") + 8] != '(';
}

template <typename Enum, std::size_t... numbers>
json names_of(std::index_sequence<numbers...>) {
  json names = json::array();
  (
      [&] {
        // Every enumeration has a fixed underlying type, so the cast is defined.
        // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
        constexpr Enum value = static_cast<Enum>(numbers);
        if constexpr (is_declared<value>()) names.push_back(name_of(value));
      }(),
      ...);
  return names;
}

template <typename Enum>
json names_of() {
  static_assert(!is_declared<static_cast<Enum>(63)>());
  return names_of<Enum>(std::make_index_sequence<63>());
}

template <typename... Commands>
json command_names(const std::variant<Commands...>&) {
  json names = json::array();
  const auto add = [&]<typename Command>() {
    if constexpr (requires { Command::kName; }) names.push_back(Command::kName);
  };
  (add.template operator()<Commands>(), ...);
  return names;
}

json all_names() {
  return {{"Link", names_of<LinkStatus>()},
          {"Stage", names_of<LocalStream::Stage>()},
          {"ViewerState", names_of<ViewerView::State>()},
          {"Picture", names_of<WatchView::Picture>()},
          {"Quality", names_of<Reception::Quality>()},
          {"PictureSize", names_of<PictureSize>()},
          {"SoundMode", names_of<SoundMode>()},
          {"DeviceState", names_of<DeviceState>()},
          {"Sent", names_of<protocol::Sent>()},
          {"ChatRefusal", names_of<protocol::ChatRefused::Reason>()},
          {"Notice", names_of<Notice>()},
          {"RecordingState", names_of<RecordingView::State>()},
          {"RecordingTrouble", names_of<RecordingView::Trouble>()},
          {"RecordingCommand", command_names(RecordingOutput(RecordingChanged{}))},
          {"ErrorCode", names_of<protocol::ErrorCode>()}};
}

}  // namespace
}  // namespace onair

int main() {
  std::cout << onair::all_names().dump() << '\n';
}
