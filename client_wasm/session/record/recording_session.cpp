#include "session/record/recording_session.hpp"

#include <utility>

namespace onair::session {

using Trouble = RecordingView::Trouble;

std::string_view name_of(RecordingView::State state) {
  switch (state) {
    case RecordingView::State::idle: return "idle";
    case RecordingView::State::starting: return "starting";
    case RecordingView::State::recording: return "recording";
    case RecordingView::State::saving: return "saving";
  }
  return "idle";
}

std::string_view name_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return "none";
    case Trouble::in_memory: return "in_memory";
    case Trouble::storage_full: return "storage_full";
    case Trouble::memory_full: return "memory_full";
    case Trouble::broke_off: return "broke_off";
    case Trouble::not_recorded: return "not_recorded";
    case Trouble::not_saved: return "not_saved";
  }
  return "none";
}

std::vector<RecordingOutput> RecordingSession::handle(const RecordingInput& input) {
  output_.clear();
  std::visit([this](const auto& event) { this->on(event); }, input);
  if (const RecordingView now = view(); now != shown_) {
    shown_ = now;
    output_.emplace_back(RecordingChanged{});
  }
  return std::exchange(output_, {});
}

RecordingView RecordingSession::view() const {
  using ViewState = RecordingView::State;
  if (awaits_stream_) return {ViewState::starting, trouble_};
  if (!current_) return {files_.empty() ? ViewState::idle : ViewState::saving, trouble_};
  const bool runs = std::holds_alternative<Recording>(files_.at(*current_).state);
  return {runs ? ViewState::recording : ViewState::starting, trouble_};
}

void RecordingSession::on(const RecordPressed&) {
  if (std::exchange(awaits_stream_, false)) return;
  if (current_) return end_current();
  trouble_ = Trouble::none;
  start();
}

void RecordingSession::on(const StreamReplaced&) {
  if (std::exchange(awaits_stream_, false)) return start();
  if (!current_) return;
  // A file that is still opening begins with the new stream.
  if (std::holds_alternative<Opening>(files_.at(*current_).state)) return;
  end_current();
  start();
}

void RecordingSession::start() {
  current_ = ++last_;
  files_.emplace(last_, File{Opening{}});
  output_.emplace_back(OpenStore{last_});
}

void RecordingSession::end_current() {
  if (!current_) return;
  const FileNumber number = *current_;
  File& file = files_.at(number);
  if (std::holds_alternative<Recording>(file.state)) return stop(number, file);
  output_.emplace_back(DropFile{number});
  forget(number);
}

void RecordingSession::begin(FileNumber number, bool in_memory) {
  File* file = find(number);
  if (file == nullptr || !std::holds_alternative<Opening>(file->state)) return;
  file->state = Recording{};
  file->in_memory = in_memory;
  if (in_memory) trouble_ = Trouble::in_memory;
  output_.emplace_back(StartRecorder{number});
}

void RecordingSession::on(const StreamGone&) {
  awaits_stream_ = false;
  end_current();
}

/// Nobody asked for it where all tracks have ended, as when another camera is chosen. Then the
/// next stream is about to be shown.
void RecordingSession::on(const RecorderStopped& stopped) {
  const File* file = find(stopped.file);
  awaits_stream_ = awaits_stream_ || (file != nullptr && current_ == stopped.file &&
                                      std::holds_alternative<Recording>(file->state));
  finish(stopped.file);
}

void RecordingSession::on(const PieceRecorded& piece) {
  File* file = find(piece.file);
  if (file == nullptr || std::holds_alternative<Saving>(file->state)) return;
  file->bytes += piece.bytes;
  if (!file->in_memory) {
    ++file->unstored;
    output_.emplace_back(StorePiece{piece.file});
    return;
  }
  file->memory_bytes += piece.bytes;
  output_.emplace_back(KeepPiece{piece.file});
  if (file->memory_bytes < kMaxMemoryBytes) return;
  if (!std::holds_alternative<Recording>(file->state)) return;
  trouble_ = Trouble::memory_full;
  stop(piece.file, *file);
}

void RecordingSession::on(const PieceStored& stored) {
  File* file = find(stored.file);
  if (file == nullptr || file->unstored == 0) return;
  --file->unstored;
  save_if_complete(stored.file, *file);
}

void RecordingSession::on(const StoringFailed& failed) {
  File* file = find(failed.file);
  if (file == nullptr || file->unstored == 0) return;
  --file->unstored;
  // Pieces that follow until the recorder has stopped stay in memory, so nothing is lost between.
  file->in_memory = true;
  trouble_ = Trouble::storage_full;
  if (std::holds_alternative<Recording>(file->state)) stop(failed.file, *file);
  save_if_complete(failed.file, *file);
}

void RecordingSession::on(const RecorderFailed& failed) {
  const File* file = find(failed.file);
  if (file == nullptr || std::holds_alternative<Opening>(file->state) ||
      std::holds_alternative<Saving>(file->state)) {
    return;
  }
  trouble_ = file->bytes > 0 ? Trouble::broke_off : Trouble::not_recorded;
  finish(failed.file);
}

void RecordingSession::on(const FileSaved& saved) {
  const File* file = find(saved.file);
  if (file != nullptr && std::holds_alternative<Saving>(file->state)) forget(saved.file);
}

void RecordingSession::on(const SavingFailed& failed) {
  const File* file = find(failed.file);
  if (file == nullptr || !std::holds_alternative<Saving>(file->state)) return;
  trouble_ = Trouble::not_saved;
  forget(failed.file);
}

RecordingSession::File* RecordingSession::find(FileNumber number) {
  const auto found = files_.find(number);
  return found == files_.end() ? nullptr : &found->second;
}

void RecordingSession::stop(FileNumber number, File& file) {
  file.state = Stopping{};
  if (current_ == number) current_.reset();
  output_.emplace_back(StopRecorder{number});
}

/// Nothing more is recorded of a file, by its own stop, by the end of its tracks, or by a failure.
void RecordingSession::finish(FileNumber number) {
  File* file = find(number);
  if (file == nullptr || std::holds_alternative<Opening>(file->state) ||
      std::holds_alternative<Saving>(file->state)) {
    return;
  }
  file->state = Storing{};
  if (current_ == number) current_.reset();
  save_if_complete(number, *file);
}

void RecordingSession::save_if_complete(FileNumber number, File& file) {
  if (!std::holds_alternative<Storing>(file.state) || file.unstored > 0) return;
  if (file.bytes == 0) {
    output_.emplace_back(DropFile{number});
    return forget(number);
  }
  file.state = Saving{};
  output_.emplace_back(SaveFile{number});
}

void RecordingSession::forget(FileNumber number) {
  files_.erase(number);
  if (current_ == number) current_.reset();
  if (files_.empty() && trouble_ == Trouble::in_memory) trouble_ = Trouble::none;
}

}  // namespace onair::session
