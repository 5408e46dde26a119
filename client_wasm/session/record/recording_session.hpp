// The Record button: records one file after another, keeps each piece by piece, and saves it.
//
// A pure core under the contract of session_base.hpp, without time. Each command names the inputs
// that it ends in. A file that has ended is saved with whatever was recorded, whatever ended it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace onair::session {

/// Numbers the files of a page, from 1.
using FileNumber = std::uint32_t;

// Commands, with the names by which the page knows them.

/// Open the browser's storage for a file. Ends in StoreOpened or StoreRefused.
struct OpenStore {
  static constexpr std::string_view kName = "open_store";
  FileNumber file;
};
/// Record the stream. Then come PieceRecorded, any number of times, and at last RecorderStopped;
/// or RecorderFailed, also after pieces.
struct StartRecorder {
  static constexpr std::string_view kName = "start_recorder";
  FileNumber file;
};
/// Ends in RecorderStopped.
struct StopRecorder {
  static constexpr std::string_view kName = "stop_recorder";
  FileNumber file;
};
/// Put the piece that was just recorded into storage. Ends in PieceStored or StoringFailed; the
/// page keeps a piece that could not be stored in memory.
struct StorePiece {
  static constexpr std::string_view kName = "store_piece";
  FileNumber file;
};
/// Keep that piece in memory.
struct KeepPiece {
  static constexpr std::string_view kName = "keep_piece";
  FileNumber file;
};
/// Give the person the file, from storage and then from memory. Ends in FileSaved or SavingFailed.
struct SaveFile {
  static constexpr std::string_view kName = "save_file";
  FileNumber file;
};
/// Nothing was recorded: forget the file.
struct DropFile {
  static constexpr std::string_view kName = "drop_file";
  FileNumber file;
};
/// `view()` has changed.
struct RecordingChanged {};

using RecordingOutput = std::variant<OpenStore, StartRecorder, StopRecorder, StorePiece, KeepPiece,
                                     SaveFile, DropFile, RecordingChanged>;

// Inputs.

/// The person pressed Record, or Stop recording.
struct RecordPressed {};
/// Another stream is shown: the recording goes on in a new file.
struct StreamReplaced {};
/// There is no stream any more.
struct StreamGone {};
struct StoreOpened {
  FileNumber file;
};
struct StoreRefused {
  FileNumber file;
};
struct PieceRecorded {
  FileNumber file;
  std::uint64_t bytes;
};
struct PieceStored {
  FileNumber file;
};
struct StoringFailed {
  FileNumber file;
};
struct RecorderStopped {
  FileNumber file;
};
struct RecorderFailed {
  FileNumber file;
};
struct FileSaved {
  FileNumber file;
};
struct SavingFailed {
  FileNumber file;
};

using RecordingInput = std::variant<RecordPressed, StreamReplaced, StreamGone, StoreOpened,
                                    StoreRefused, PieceRecorded, PieceStored, StoringFailed,
                                    RecorderStopped, RecorderFailed, FileSaved, SavingFailed>;

/// State shown by the page.
struct RecordingView {
  enum class State {
    idle,
    starting,  ///< nothing is recorded yet, or not yet again
    recording,
    saving,  ///< a file is being completed
  };
  enum class Trouble {
    none,
    in_memory,     ///< storage is refused: a crash would lose the file, and its size is bounded
    storage_full,  ///< the recording has ended, and what there is was saved
    memory_full,   ///< likewise
    broke_off,     ///< the browser's recorder failed; what there is was saved
    not_recorded,  ///< the browser can't record this
    not_saved,     ///< the file stays in storage for the next visit, if it was there
  };
  State state = State::idle;
  Trouble trouble = Trouble::none;
  bool operator==(const RecordingView&) const = default;
};

std::string_view name_of(RecordingView::State state);
std::string_view name_of(RecordingView::Trouble trouble);

class RecordingSession {
 public:
  /// Limit of a file that is kept in memory: ten minutes at 2.5 Mbit/s.
  static constexpr std::uint64_t kMaxMemoryBytes = 200'000'000;

  std::vector<RecordingOutput> handle(const RecordingInput& input);

  RecordingView view() const;
  /// Files that are not saved yet.
  std::size_t files() const { return files_.size(); }

 private:
  /// The storage is being opened.
  struct Opening {};
  struct Recording {};
  /// The recorder was asked to stop, or has failed; its last pieces may follow.
  struct Stopping {};
  /// All is recorded; pieces are still being stored.
  struct Storing {};
  struct Saving {};
  using State = std::variant<Opening, Recording, Stopping, Storing, Saving>;

  struct File {
    State state;
    bool in_memory = false;   ///< from now on
    unsigned unstored = 0;    ///< pieces whose outcome is not known
    std::uint64_t bytes = 0;  ///< of all pieces
    std::uint64_t memory_bytes = 0;
  };

  void on(const RecordPressed&);
  void on(const StreamReplaced&);
  void on(const StreamGone&);
  void on(const StoreOpened& opened) { begin(opened.file, /*in_memory=*/false); }
  void on(const StoreRefused& refused) { begin(refused.file, /*in_memory=*/true); }
  void on(const PieceRecorded& piece);
  void on(const PieceStored& stored);
  void on(const StoringFailed& failed);
  void on(const RecorderStopped& stopped);
  void on(const RecorderFailed& failed);
  void on(const FileSaved& saved);
  void on(const SavingFailed& failed);

  File* find(FileNumber number);
  void start();
  void end_current();
  void begin(FileNumber number, bool in_memory);
  void stop(FileNumber number, File& file);
  void finish(FileNumber number);
  void save_if_complete(FileNumber number, File& file);
  void forget(FileNumber number);

  std::map<FileNumber, File> files_;
  std::optional<FileNumber> current_;  ///< opening or recording
  /// The tracks of the last file have ended: the next stream is recorded.
  bool awaits_stream_ = false;
  FileNumber last_ = 0;
  RecordingView::Trouble trouble_ = RecordingView::Trouble::none;
  RecordingView shown_;
  std::vector<RecordingOutput> output_;
};

}  // namespace onair::session
