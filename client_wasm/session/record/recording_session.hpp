// The Record button: records one file after another, keeps each piece by piece, and saves it.
//
// A pure core under the contract of session_base.hpp, without time. Each command names the inputs
// that it ends in. A file that has ended is saved with whatever was recorded, whatever ended it.
// No browser tells whether a download came to its end, so the copy of a saved file is kept until
// the person deletes it, or until a recording that runs needs its space.
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
/// Put the piece that was just recorded into storage, after those before it that could not be
/// stored. Ends in PieceStored or StoringFailed; until a later command stores it, the page keeps
/// a piece that could not be stored in memory.
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
/// Forget the file, in storage and in memory. Ends in FileDropped.
struct DropFile {
  static constexpr std::string_view kName = "drop_file";
  FileNumber file;
};
/// The file of the FileFound that was just handled has this number.
struct TakeFile {
  static constexpr std::string_view kName = "take_file";
  FileNumber file;
};
/// `view()` has changed.
struct RecordingChanged {};

using RecordingOutput = std::variant<OpenStore, StartRecorder, StopRecorder, StorePiece, KeepPiece,
                                     SaveFile, DropFile, TakeFile, RecordingChanged>;

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
/// No piece has come for 10 seconds since StartRecorder, or since the last one.
struct RecorderSilent {
  FileNumber file;
};
struct FileSaved {
  FileNumber file;
};
struct SavingFailed {
  FileNumber file;
};
struct FileDropped {
  FileNumber file;
};
/// Storage has a file of an earlier visit. `was_saved`: its FileSaved came.
struct FileFound {
  bool was_saved;
};
/// The person wants all kept files saved, once more or for the first time.
struct SavePressed {};
/// The person needs none of the kept files any more.
struct DeletePressed {};

using RecordingInput =
    std::variant<RecordPressed, StreamReplaced, StreamGone, StoreOpened, StoreRefused,
                 PieceRecorded, PieceStored, StoringFailed, RecorderStopped, RecorderFailed,
                 RecorderSilent, FileSaved, SavingFailed, FileDropped, FileFound, SavePressed,
                 DeletePressed>;

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
    nothing_came,  ///< the camera sends no picture; nothing was saved
    stalled,       ///< nothing new comes to be recorded; the file goes on when it does
    not_recorded,  ///< the browser can't record this
    not_saved,     ///< the file is kept, and can be saved again
  };
  State state = State::idle;
  Trouble trouble = Trouble::none;
  std::vector<FileNumber> unsaved;  ///< kept, and never saved
  std::vector<FileNumber> copies;   ///< kept of files that were saved
  bool operator==(const RecordingView&) const = default;
};

std::string_view name_of(RecordingView::State state);
std::string_view name_of(RecordingView::Trouble trouble);

class RecordingSession {
 public:
  /// Limit of a file that is kept in memory, and of all together with the copies there: ten
  /// minutes at 2.5 Mbit/s.
  static constexpr std::uint64_t kMaxMemoryBytes = 200'000'000;

  std::vector<RecordingOutput> handle(const RecordingInput& input);

  RecordingView view() const;
  /// Files that are recorded, saved, kept or being dropped.
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
  struct Kept {
    bool was_saved;
  };
  struct Dropping {};
  using State = std::variant<Opening, Recording, Stopping, Storing, Saving, Kept, Dropping>;

  struct File {
    State state;
    bool in_memory = false;   ///< from now on
    bool in_storage = false;  ///< some of it
    bool stalled = false;     ///< the last that we heard of its recorder is RecorderSilent
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
  void on(const RecorderSilent& silent);
  void on(const FileSaved& saved);
  void on(const SavingFailed& failed);
  void on(const FileDropped& dropped);
  void on(const FileFound& found);
  void on(const SavePressed&);
  void on(const DeletePressed&);

  static bool is_over(const File& file);
  static bool is_copy(const File& file);
  bool is_busy() const;
  std::uint64_t bytes_in_memory() const;
  bool make_room_in_storage();
  void make_room_in_memory();
  File* find(FileNumber number);
  void start();
  void end_current();
  void begin(FileNumber number, bool in_memory);
  void stop(FileNumber number, File& file);
  void finish(FileNumber number);
  void save_if_complete(FileNumber number, File& file);
  void save(FileNumber number, File& file);
  void keep(FileNumber number, bool was_saved);
  void drop(FileNumber number, File& file);

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
