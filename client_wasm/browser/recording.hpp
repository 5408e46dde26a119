// The recording of a page: RecordingSession for recorder.mjs, and the index of its files.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include <emscripten/val.h>

#include "session/record/recording_session.hpp"
#include "session/record/webm_index.hpp"

namespace onair::browser {

using emscripten::val;

/// `page` has `perform(command, file)`, which executes a command by its name in onair.d.mts and
/// calls back later, and `changed()`.
class Recording {
 public:
  explicit Recording(val page) : page_(std::move(page)) {}

  void press() { feed(session::RecordPressed{}); }
  void stream_replaced() { feed(session::StreamReplaced{}); }
  void stream_gone() { feed(session::StreamGone{}); }
  void store_opened(session::FileNumber file) { feed(session::StoreOpened{file}); }
  void store_refused(session::FileNumber file) { feed(session::StoreRefused{file}); }
  void piece_recorded(session::FileNumber file, double bytes) {
    feed(session::PieceRecorded{file, static_cast<std::uint64_t>(bytes)});
  }
  void piece_stored(session::FileNumber file) { feed(session::PieceStored{file}); }
  void storing_failed(session::FileNumber file) { feed(session::StoringFailed{file}); }
  void recorder_stopped(session::FileNumber file) { feed(session::RecorderStopped{file}); }
  void recorder_failed(session::FileNumber file) { feed(session::RecorderFailed{file}); }
  void recorder_silent(session::FileNumber file) { feed(session::RecorderSilent{file}); }
  void file_saved(session::FileNumber file) { feed(session::FileSaved{file}); }
  void saving_failed(session::FileNumber file) { feed(session::SavingFailed{file}); }
  void file_dropped(session::FileNumber file) { feed(session::FileDropped{file}); }
  void file_found(bool was_saved) { feed(session::FileFound{was_saved}); }
  void save_kept() { feed(session::SavePressed{}); }
  void delete_kept() { feed(session::DeletePressed{}); }
  val view() const;

 private:
  void feed(session::RecordingInput input);
  void perform(std::string_view command, session::FileNumber file);

  val page_;
  session::RecordingSession session_;
  std::deque<session::RecordingInput> waiting_;
  bool busy_ = false;
};

/// WebmIndex for pages.
class WebmFile {
 public:
  /// `piece` is a Uint8Array.
  void read(const std::string& piece) { index_.read(piece); }
  /// {bytes, replaced}: what to write in place of the first `replaced` bytes; null to leave the
  /// file as it is.
  val header() const;

 private:
  session::WebmIndex index_;
};

}  // namespace onair::browser
