#include "session/record/recording_session.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using State = RecordingView::State;
using Trouble = RecordingView::Trouble;

std::string line_of(const OpenStore& command) {
  return "open " + std::to_string(command.file);
}
std::string line_of(const StartRecorder& command) {
  return "start " + std::to_string(command.file);
}
std::string line_of(const StopRecorder& command) {
  return "stop " + std::to_string(command.file);
}
std::string line_of(const StorePiece& command) {
  return "store " + std::to_string(command.file);
}
std::string line_of(const KeepPiece& command) {
  return "keep " + std::to_string(command.file);
}
std::string line_of(const SaveFile& command) {
  return "save " + std::to_string(command.file);
}
std::string line_of(const DropFile& command) {
  return "drop " + std::to_string(command.file);
}
std::string line_of(const TakeFile& command) {
  return "take " + std::to_string(command.file);
}
std::string line_of(const RecordingChanged&) {
  return "";
}

class RecordingSessionTest : public testing::Test {
 protected:
  Lines feed(const RecordingInput& input) {
    Lines lines;
    for (const RecordingOutput& output : recording.handle(input)) {
      std::string line = std::visit([](const auto& command) { return line_of(command); }, output);
      if (!line.empty()) lines.push_back(std::move(line));
    }
    return lines;
  }
  void start() {
    EXPECT_EQ(feed(RecordPressed{}), Lines{"open 1"});
    EXPECT_EQ(feed(StoreOpened{1}), Lines{"start 1"});
  }
  /// Records a file, in storage or in memory, and gives it to the person.
  void record(FileNumber file, const RecordingInput& opened, std::uint64_t bytes = 100) {
    feed(RecordPressed{});
    feed(opened);
    feed(PieceRecorded{file, bytes});
    feed(PieceStored{file});
    feed(RecordPressed{});
    EXPECT_EQ(feed(RecorderStopped{file}), Lines{"save " + std::to_string(file)});
    feed(FileSaved{file});
  }
  void expect(State state, Trouble trouble) {
    EXPECT_EQ(name_of(recording.view().state), name_of(state));
    EXPECT_EQ(name_of(recording.view().trouble), name_of(trouble));
  }

  RecordingSession recording;
};

TEST_F(RecordingSessionTest, RecordsStoresAndSaves) {
  expect(State::idle, Trouble::none);
  EXPECT_EQ(feed(RecordPressed{}), Lines{"open 1"});
  expect(State::starting, Trouble::none);
  EXPECT_EQ(feed(StoreOpened{1}), Lines{"start 1"});
  expect(State::recording, Trouble::none);
  EXPECT_EQ(feed(PieceRecorded{1, 1'000}), Lines{"store 1"});
  EXPECT_EQ(feed(RecordPressed{}), Lines{"stop 1"});
  expect(State::saving, Trouble::none);
  EXPECT_EQ(feed(PieceRecorded{1, 10}), Lines{"store 1"}) << "the last one comes after the stop";
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{});
  EXPECT_EQ(feed(PieceStored{1}), Lines{});
  EXPECT_EQ(feed(PieceStored{1}), Lines{"save 1"}) << "when all is stored";
  EXPECT_EQ(feed(FileSaved{1}), Lines{});
  expect(State::idle, Trouble::none);
}

TEST_F(RecordingSessionTest, KeepsTheCopyOfASavedFileUntilThePersonDeletesIt) {
  record(1, StoreOpened{1});
  EXPECT_EQ(recording.view().copies, std::vector<FileNumber>{1}) << "the download may have failed";
  record(2, StoreRefused{2});
  EXPECT_EQ(recording.view().copies, (std::vector<FileNumber>{1, 2}));
  EXPECT_EQ(feed(SavePressed{}), (Lines{"save 1", "save 2"}));
  expect(State::saving, Trouble::none);
  EXPECT_EQ(feed(SavePressed{}), Lines{}) << "they are being saved";
  EXPECT_EQ(feed(DeletePressed{}), Lines{}) << "neither is one deleted that is being saved";
  feed(FileSaved{1});
  feed(FileSaved{2});
  EXPECT_EQ(feed(DeletePressed{}), (Lines{"drop 1", "drop 2"}));
  EXPECT_EQ(recording.view().copies, std::vector<FileNumber>{});
  expect(State::idle, Trouble::none);
  feed(FileDropped{1});
  feed(FileDropped{2});
  EXPECT_EQ(recording.files(), 0u);
}

TEST_F(RecordingSessionTest, OffersTheFilesOfEarlierVisits) {
  EXPECT_EQ(feed(FileFound{false}), Lines{"take 1"});
  EXPECT_EQ(feed(FileFound{true}), Lines{"take 2"});
  expect(State::idle, Trouble::none);
  EXPECT_EQ(recording.view().unsaved, std::vector<FileNumber>{1});
  EXPECT_EQ(recording.view().copies, std::vector<FileNumber>{2});
  EXPECT_EQ(feed(RecordPressed{}), Lines{"open 3"});
  EXPECT_EQ(feed(SavePressed{}), (Lines{"save 1", "save 2"})) << "also during a recording";
  feed(FileSaved{1});
  EXPECT_EQ(recording.view().copies, std::vector<FileNumber>{1});
  expect(State::starting, Trouble::none);
}

TEST_F(RecordingSessionTest, TheOldestCopyMakesRoomInStorageForARecording) {
  feed(FileFound{false});
  record(2, StoreOpened{2});
  record(3, StoreOpened{3});
  feed(RecordPressed{});
  feed(StoreOpened{4});
  feed(PieceRecorded{4, 100});
  feed(PieceRecorded{4, 100});
  EXPECT_EQ(feed(StoringFailed{4}), Lines{"drop 2"}) << "1 was never saved";
  EXPECT_EQ(feed(StoringFailed{4}), Lines{}) << "its space is not free yet";
  expect(State::recording, Trouble::none);
  feed(FileDropped{2});
  feed(PieceRecorded{4, 100});
  EXPECT_EQ(feed(StoringFailed{4}), Lines{"drop 3"});
  feed(FileDropped{3});
  feed(PieceRecorded{4, 100});
  EXPECT_EQ(feed(StoringFailed{4}), Lines{"stop 4"});
  expect(State::saving, Trouble::storage_full);
}

TEST_F(RecordingSessionTest, TheOldestCopyMakesRoomInMemoryForARecording) {
  const std::uint64_t half = RecordingSession::kMaxMemoryBytes / 2;
  record(1, StoreRefused{1}, half);
  feed(RecordPressed{});
  feed(StoreRefused{2});
  EXPECT_EQ(feed(PieceRecorded{2, half}), (Lines{"keep 2", "drop 1"}));
  expect(State::recording, Trouble::in_memory);
  EXPECT_EQ(feed(PieceRecorded{2, half}), (Lines{"keep 2", "stop 2"}));
}

TEST_F(RecordingSessionTest, PressedTwiceQuicklyItRecordsNothing) {
  feed(RecordPressed{});
  EXPECT_EQ(feed(RecordPressed{}), Lines{"drop 1"});
  expect(State::idle, Trouble::none);
  EXPECT_EQ(feed(StoreOpened{1}), Lines{}) << "nothing begins that the page does not show";
  expect(State::idle, Trouble::none);
}

TEST_F(RecordingSessionTest, PressedThreeTimesQuicklyItRecordsOneFile) {
  feed(RecordPressed{});
  feed(RecordPressed{});
  EXPECT_EQ(feed(RecordPressed{}), Lines{"open 2"});
  EXPECT_EQ(feed(StoreOpened{1}), Lines{});
  EXPECT_EQ(feed(StoreOpened{2}), Lines{"start 2"});
}

TEST_F(RecordingSessionTest, WithoutStorageItSaysSoAndRecordsInMemory) {
  feed(RecordPressed{});
  EXPECT_EQ(feed(StoreRefused{1}), Lines{"start 1"});
  expect(State::recording, Trouble::in_memory);
  EXPECT_EQ(feed(PieceRecorded{1, 100}), Lines{"keep 1"});
  EXPECT_EQ(feed(RecordPressed{}), Lines{"stop 1"});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"save 1"});
  feed(FileSaved{1});
  expect(State::idle, Trouble::none);
}

TEST_F(RecordingSessionTest, MemoryIsBoundedAndWhatThereIsIsSaved) {
  feed(RecordPressed{});
  feed(StoreRefused{1});
  EXPECT_EQ(feed(PieceRecorded{1, RecordingSession::kMaxMemoryBytes}), (Lines{"keep 1", "stop 1"}));
  expect(State::saving, Trouble::memory_full);
  EXPECT_EQ(feed(PieceRecorded{1, 100}), Lines{"keep 1"});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"save 1"});
}

TEST_F(RecordingSessionTest, FullStorageIsReportedAtOnceAndAllThatWasRecordedIsSaved) {
  start();
  feed(PieceRecorded{1, 100});
  feed(PieceStored{1});
  feed(PieceRecorded{1, 100});
  feed(PieceRecorded{1, 100});
  EXPECT_EQ(feed(StoringFailed{1}), Lines{"stop 1"});
  expect(State::saving, Trouble::storage_full);
  EXPECT_EQ(feed(PieceRecorded{1, 100}), Lines{"keep 1"}) << "the last piece is not lost";
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{}) << "one is still being stored";
  EXPECT_EQ(feed(StoringFailed{1}), Lines{"save 1"});
  feed(FileSaved{1});
  expect(State::idle, Trouble::storage_full);
  EXPECT_EQ(feed(RecordPressed{}), Lines{"open 2"}) << "the button works again";
  expect(State::starting, Trouble::none);
}

TEST_F(RecordingSessionTest, TheEndOfAFileInTroubleIsNoTroubleOfTheOneThatRunsAfterIt) {
  const std::vector<RecordingInput> troubles{StoringFailed{1}, RecorderFailed{1}};
  for (const RecordingInput& trouble : troubles) {
    recording = {};
    start();
    feed(PieceRecorded{1, 100});
    feed(PieceStored{1});
    EXPECT_EQ(feed(StreamReplaced{}), (Lines{"stop 1", "open 2"}));
    feed(StoreOpened{2});
    feed(PieceRecorded{1, 100});
    feed(trouble);
    expect(State::recording, Trouble::none);
    feed(PieceStored{1});
    feed(RecorderStopped{1});
    feed(FileSaved{1});
    EXPECT_EQ(recording.view().copies, std::vector<FileNumber>{1}) << "all of it was given";
    expect(State::recording, Trouble::none);
  }
}

TEST_F(RecordingSessionTest, WhereTheLastPieceDoesNotFitNothingIsMissing) {
  start();
  feed(PieceRecorded{1, 100});
  feed(RecordPressed{});
  EXPECT_EQ(feed(StoringFailed{1}), Lines{});
  EXPECT_EQ(feed(PieceRecorded{1, 100}), Lines{"keep 1"});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"save 1"});
  expect(State::saving, Trouble::none);
}

TEST_F(RecordingSessionTest, ARecorderThatDoesNotStartLeavesNoFile) {
  start();
  EXPECT_EQ(feed(RecorderFailed{1}), Lines{"drop 1"});
  expect(State::idle, Trouble::not_recorded);
}

TEST_F(RecordingSessionTest, ARecorderThatNothingComesToDoesNotRunForEver) {
  start();
  EXPECT_EQ(feed(RecorderSilent{1}), Lines{"stop 1"});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"drop 1"});
  expect(State::idle, Trouble::nothing_came);
  feed(RecordPressed{});
  feed(StoreOpened{2});
  feed(PieceRecorded{2, 100});
  EXPECT_EQ(feed(RecorderSilent{2}), Lines{}) << "something came";
  expect(State::recording, Trouble::stalled);
  EXPECT_EQ(feed(PieceRecorded{2, 100}), Lines{"store 2"});
  expect(State::recording, Trouble::none);
}

TEST_F(RecordingSessionTest, ARecorderThatBreaksOffLeavesWhatItRecorded) {
  start();
  feed(PieceRecorded{1, 100});
  feed(PieceStored{1});
  EXPECT_EQ(feed(RecorderFailed{1}), Lines{"save 1"});
  expect(State::saving, Trouble::broke_off);
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{}) << "it is being saved already";
}

TEST_F(RecordingSessionTest, ARecorderThatEndsWithItsTracksIsSavedToo) {
  start();
  feed(PieceRecorded{1, 100});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{});
  EXPECT_EQ(feed(PieceStored{1}), Lines{"save 1"});
  expect(State::starting, Trouble::none);
  EXPECT_EQ(feed(StreamGone{}), Lines{});
  expect(State::saving, Trouble::none);
}

TEST_F(RecordingSessionTest, TheStreamAfterItsTracksHaveEndedIsRecordedToo) {
  start();
  feed(PieceRecorded{1, 100});
  feed(PieceStored{1});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"save 1"}) << "another camera was chosen";
  EXPECT_EQ(feed(StreamReplaced{}), Lines{"open 2"});
  EXPECT_EQ(feed(StoreOpened{2}), Lines{"start 2"});
  expect(State::recording, Trouble::none);
  EXPECT_EQ(feed(RecorderStopped{2}), Lines{"drop 2"});
  EXPECT_EQ(feed(RecordPressed{}), Lines{}) << "the person stops it meanwhile";
  EXPECT_EQ(feed(StreamReplaced{}), Lines{});
}

TEST_F(RecordingSessionTest, AnotherStreamGoesOnInAnotherFile) {
  EXPECT_EQ(feed(StreamReplaced{}), Lines{}) << "nothing is recorded";
  start();
  feed(PieceRecorded{1, 100});
  EXPECT_EQ(feed(StreamReplaced{}), (Lines{"stop 1", "open 2"}));
  EXPECT_EQ(feed(StreamReplaced{}), Lines{}) << "2 begins with whatever is shown then";
  EXPECT_EQ(feed(StoreOpened{2}), Lines{"start 2"});
  feed(PieceStored{1});
  EXPECT_EQ(feed(RecorderStopped{1}), Lines{"save 1"});
  expect(State::recording, Trouble::none);
  EXPECT_EQ(feed(StreamGone{}), Lines{"stop 2"});
}

TEST_F(RecordingSessionTest, AFileThatCantBeSavedIsReported) {
  start();
  feed(PieceRecorded{1, 100});
  feed(PieceStored{1});
  feed(RecordPressed{});
  feed(RecorderStopped{1});
  feed(SavingFailed{1});
  expect(State::idle, Trouble::not_saved);
  EXPECT_EQ(recording.view().unsaved, std::vector<FileNumber>{1});
  EXPECT_EQ(feed(SavePressed{}), Lines{"save 1"});
  feed(FileSaved{1});
  expect(State::idle, Trouble::none);
}

TEST_F(RecordingSessionTest, NoOrderOfInputsRecordsUnseenOrSavesTwice) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    recording = {};
    std::minstd_rand random(seed);
    std::map<FileNumber, std::string> last;  // command of each file, but for its pieces
    std::vector<FileNumber> dropped;
    for (int step = 0; step < 500; ++step) {
      const FileNumber newest = last.empty() ? 1 : last.rbegin()->first;
      const FileNumber file = newest - std::min(newest, static_cast<FileNumber>(random() % 3));
      const std::vector<RecordingInput> inputs{
          RecordPressed{},       StreamReplaced{},       StreamGone{},      StoreOpened{file},
          StoreRefused{file},    PieceRecorded{file, 5}, PieceStored{file}, StoringFailed{file},
          RecorderStopped{file}, RecorderFailed{file},   FileSaved{file},   SavingFailed{file},
          RecorderSilent{file},  FileFound{true},        SavePressed{},     DeletePressed{}};
      const RecordingInput& input = inputs[random() % inputs.size()];
      const bool ends = std::holds_alternative<RecorderStopped>(input) ||
                        std::holds_alternative<RecorderFailed>(input);
      if (ends && last[file] == "start") last[file] = "ended";
      const bool was_saving = last.contains(file) && last[file] == "save";
      const bool settles =
          std::holds_alternative<FileSaved>(input) || std::holds_alternative<SavingFailed>(input);
      if (settles && was_saving) last[file] = "kept";
      for (const std::string& line : feed(input)) {
        const std::size_t space = line.find(' ');
        const std::string verb = line.substr(0, space);
        std::string& before = last[static_cast<FileNumber>(std::stoul(line.substr(space)))];
        if (verb == "store" || verb == "keep") continue;
        if (verb == "start") {
          EXPECT_EQ(before, "open");
        }
        if (verb == "stop") {
          EXPECT_EQ(before, "start");
        }
        if (verb == "save") {
          EXPECT_TRUE(before == "stop" || before == "ended" || before == "kept" || before == "take")
              << before;
        }
        if (verb == "drop") {
          EXPECT_NE(before, "save") << "the person has not got it";
          dropped.push_back(static_cast<FileNumber>(std::stoul(line.substr(space))));
        }
        before = verb;
      }
      if (random() % 2 > 0) {
        for (const FileNumber each : std::exchange(dropped, {})) feed(FileDropped{each});
      }
      const auto running = std::count_if(last.begin(), last.end(),
                                         [](const auto& each) { return each.second == "start"; });
      EXPECT_EQ(running, recording.view().state == State::recording ? 1 : 0);
    }
  }
}

}  // namespace
}  // namespace onair::session
