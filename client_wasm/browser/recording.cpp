#include "browser/recording.hpp"

#include <utility>
#include <variant>

#include "browser/javascript.hpp"

namespace onair::browser {
namespace {

const char* name_of(const session::OpenStore&) {
  return "open_store";
}
const char* name_of(const session::StartRecorder&) {
  return "start_recorder";
}
const char* name_of(const session::StopRecorder&) {
  return "stop_recorder";
}
const char* name_of(const session::StorePiece&) {
  return "store_piece";
}
const char* name_of(const session::KeepPiece&) {
  return "keep_piece";
}
const char* name_of(const session::SaveFile&) {
  return "save_file";
}
const char* name_of(const session::DropFile&) {
  return "drop_file";
}

}  // namespace

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
              perform(name_of(command), command.file);
            } else {
              attempt(page_, "changed", {});
            }
          },
          output);
    }
  }
  busy_ = false;
}

void Recording::perform(const char* command, session::FileNumber file) {
  attempt(page_, "perform", {val(std::string(command)), val(file)});
}

val Recording::view() const {
  const session::RecordingView view = session_.view();
  return object_of({{"state", val(std::string(session::name_of(view.state)))},
                    {"trouble", val(std::string(session::name_of(view.trouble)))}});
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
