#include "browser/recording.hpp"

#include <string>
#include <utility>
#include <variant>

#include "browser/javascript.hpp"

namespace onair::browser {

/// The page may call back while it executes a command; the session must not be re-entered.
void Recording::feed(session::RecordingInput input) {
  waiting_.push_back(input);
  if (busy_) return;
  busy_ = true;
  while (!waiting_.empty()) {
    const session::RecordingInput next = waiting_.front();
    waiting_.pop_front();
    for (const session::RecordingOutput& output : session_.handle(next)) {
      std::visit(
          [this](const auto& command) {
            if constexpr (requires { command.file; }) {
              perform(command.kName, command.file);
            } else {
              const Outcome told = attempt(page_, "changed", {});
              if (!told.ok) report(told.value);
            }
          },
          output);
    }
  }
  busy_ = false;
}

void Recording::perform(std::string_view command, session::FileNumber file) {
  const Outcome performed = attempt(page_, "perform", {val(std::string(command)), val(file)});
  if (!performed.ok) report(performed.value);
}

val Recording::view() const {
  const session::RecordingView view = session_.view();
  return object_of({{"state", val(std::string(session::name_of(view.state)))},
                    {"trouble", val(std::string(session::name_of(view.trouble)))},
                    {"unsaved", val::array(view.unsaved)},
                    {"copies", val::array(view.copies)}});
}

val WebmFile::header() const {
  const auto header = index_.header();
  if (!header) return val::null();
  const val bytes =
      val::global("Uint8Array")
          .new_(val(emscripten::typed_memory_view(
              header->bytes.size(), reinterpret_cast<const unsigned char*>(header->bytes.data()))));
  return object_of({{"bytes", bytes}, {"replaced", val(static_cast<double>(header->replaced))}});
}

}  // namespace onair::browser
