#include "session/record/recording_session.hpp"

#include <algorithm>
#include <numeric>
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
    case Trouble::nothing_came: return "nothing_came";
    case Trouble::stalled: return "stalled";
    case Trouble::not_recorded: return "not_recorded";
    case Trouble::not_saved: return "not_saved";
  }
  return "none";
}

/// True once all of the file is stored or kept in memory.
bool RecordingSession::is_over(const File& file) {
  return std::holds_alternative<Saving>(file.state) || std::holds_alternative<Kept>(file.state) ||
         std::holds_alternative<Dropping>(file.state);
}

bool RecordingSession::is_copy(const File& file) {
  const Kept* kept = std::get_if<Kept>(&file.state);
  return kept != nullptr && kept->was_saved;
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
  RecordingView view{is_busy() ? ViewState::saving : ViewState::idle, trouble_, {}, {}};
  for (const auto& [number, file] : files_) {
    const Kept* kept = std::get_if<Kept>(&file.state);
    if (kept != nullptr) (kept->was_saved ? view.copies : view.unsaved).push_back(number);
  }
  if (awaits_stream_) view.state = ViewState::starting;
  if (!current_) return view;
  const File& current = files_.at(*current_);
  const bool runs = std::holds_alternative<Recording>(current.state);
  if (current.stalled) view.trouble = Trouble::stalled;
  view.state = runs ? ViewState::recording : ViewState::starting;
  return view;
}

/// True while a file is on its way to the person.
bool RecordingSession::is_busy() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& entry) {
    const State& state = entry.second.state;
    return !std::holds_alternative<Kept>(state) && !std::holds_alternative<Dropping>(state);
  });
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
  drop(number, file);
}

void RecordingSession::begin(FileNumber number, bool in_memory) {
  File* file = find(number);
  if (file == nullptr || !std::holds_alternative<Opening>(file->state)) return;
  file->state = Recording{};
  file->in_memory = in_memory;
  file->in_storage = !in_memory;
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
  if (file == nullptr || is_over(*file)) return;
  file->bytes += piece.bytes;
  file->stalled = false;
  if (!file->in_memory) {
    ++file->unstored;
    output_.emplace_back(StorePiece{piece.file});
    return;
  }
  file->memory_bytes += piece.bytes;
  output_.emplace_back(KeepPiece{piece.file});
  make_room_in_memory();
  if (bytes_in_memory() < kMaxMemoryBytes) return;
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
  if (std::holds_alternative<Recording>(file->state) && make_room_in_storage()) return;
  // Pieces that follow until the recorder has stopped stay in memory, so nothing is lost between.
  file->in_memory = true;
  if (std::holds_alternative<Recording>(file->state)) {
    trouble_ = Trouble::storage_full;
    stop(failed.file, *file);
  }
  save_if_complete(failed.file, *file);
}

void RecordingSession::on(const RecorderFailed& failed) {
  const File* file = find(failed.file);
  if (file == nullptr || std::holds_alternative<Opening>(file->state) || is_over(*file)) return;
  // The page says it of the file that began last.
  if (!current_ || current_ == failed.file) {
    trouble_ = file->bytes > 0 ? Trouble::broke_off : Trouble::not_recorded;
  }
  finish(failed.file);
}

void RecordingSession::on(const RecorderSilent& silent) {
  File* file = find(silent.file);
  if (file == nullptr || !std::holds_alternative<Recording>(file->state)) return;
  // A screen on which nothing moves may give nothing for long.
  file->stalled = file->bytes > 0;
  if (file->stalled) return;
  trouble_ = Trouble::nothing_came;
  stop(silent.file, *file);
}

void RecordingSession::on(const FileSaved& saved) {
  keep(saved.file, /*was_saved=*/true);
}

void RecordingSession::on(const SavingFailed& failed) {
  const File* file = find(failed.file);
  if (file == nullptr || !std::holds_alternative<Saving>(file->state)) return;
  trouble_ = Trouble::not_saved;
  keep(failed.file, /*was_saved=*/false);
}

void RecordingSession::on(const FileDropped& dropped) {
  const File* file = find(dropped.file);
  if (file != nullptr && std::holds_alternative<Dropping>(file->state)) files_.erase(dropped.file);
}

void RecordingSession::on(const FileFound& found) {
  File& file = files_.emplace(++last_, File{Kept{found.was_saved}}).first->second;
  file.in_storage = true;
  output_.emplace_back(TakeFile{last_});
}

void RecordingSession::on(const SavePressed&) {
  if (trouble_ == Trouble::not_saved) trouble_ = Trouble::none;
  for (auto& [number, file] : files_) {
    if (std::holds_alternative<Kept>(file.state)) save(number, file);
  }
}

void RecordingSession::on(const DeletePressed&) {
  if (trouble_ == Trouble::not_saved) trouble_ = Trouble::none;
  for (auto& [number, file] : files_) {
    if (std::holds_alternative<Kept>(file.state)) drop(number, file);
  }
}

std::uint64_t RecordingSession::bytes_in_memory() const {
  return std::accumulate(
      files_.begin(), files_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& entry) { return sum + entry.second.memory_bytes; });
}

/// Drops the oldest copy, which the person was given. False if there is none.
bool RecordingSession::make_room_in_storage() {
  const auto is_dropped = [](const auto& entry) {
    return std::holds_alternative<Dropping>(entry.second.state) && entry.second.in_storage;
  };
  if (std::any_of(files_.begin(), files_.end(), is_dropped)) return true;
  const auto copy = std::find_if(files_.begin(), files_.end(), [](const auto& entry) {
    return entry.second.in_storage && is_copy(entry.second);
  });
  if (copy == files_.end()) return false;
  drop(copy->first, copy->second);
  return true;
}

void RecordingSession::make_room_in_memory() {
  for (auto& [number, file] : files_) {
    if (bytes_in_memory() < kMaxMemoryBytes) return;
    if (file.memory_bytes > 0 && is_copy(file)) drop(number, file);
  }
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
  if (file == nullptr || std::holds_alternative<Opening>(file->state) || is_over(*file)) return;
  file->state = Storing{};
  if (current_ == number) current_.reset();
  save_if_complete(number, *file);
}

void RecordingSession::save_if_complete(FileNumber number, File& file) {
  if (!std::holds_alternative<Storing>(file.state) || file.unstored > 0) return;
  if (file.bytes == 0) return drop(number, file);
  save(number, file);
}

void RecordingSession::save(FileNumber number, File& file) {
  file.state = Saving{};
  output_.emplace_back(SaveFile{number});
}

void RecordingSession::keep(FileNumber number, bool was_saved) {
  File* file = find(number);
  if (file == nullptr || !std::holds_alternative<Saving>(file->state)) return;
  file->state = Kept{was_saved};
  if (!is_busy() && trouble_ == Trouble::in_memory) trouble_ = Trouble::none;
}

void RecordingSession::drop(FileNumber number, File& file) {
  file.state = Dropping{};
  file.memory_bytes = 0;
  if (current_ == number) current_.reset();
  output_.emplace_back(DropFile{number});
  if (!is_busy() && trouble_ == Trouble::in_memory) trouble_ = Trouble::none;
}

}  // namespace onair::session
