// A broadcast starts and goes on with the devices that there are.
#include <gtest/gtest.h>

#include "session/talk/talk_session.hpp"
#include "session/timeouts.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using Stage = TalkView::Stage;
using protocol::ChatMedia;
using protocol::Sent;

class Devices : public testing::Test {
 protected:
  void start(MediaSource source = MediaSource::camera) {
    talk.join();
    talk.feed(StartRequested{source});
  }
  void go_on_air() {
    start();
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  /// Shows the camera of capture 1 to the broadcaster alone.
  void preview() {
    talk.join();
    talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  /// On air with the browser's choice of a camera, which is this one.
  void show_camera(const std::string& id) {
    start();
    talk.feed(MediaReady{1, {}, /*sound=*/false, id});
    talk.feed(PreviewReady{1});
  }
  /// These are the devices now.
  void list(std::vector<Device> devices) {
    talk.feed(DevicesChanged{});
    talk.feed(DevicesListed{std::move(devices)});
  }
  /// On air with the camera of capture 1, then with the screen of capture 2 over it.
  void share_screen() {
    go_on_air();
    talk.feed(StartRequested{MediaSource::screen});
    talk.feed(MediaReady{2});
  }
  TalkView view() const { return talk.session.view(); }
  /// The request of the last feed; fails unless there is exactly one.
  AcquireMedia asked() const {
    const auto requests = talk.all<AcquireMedia>();
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? AcquireMedia{} : requests.front();
  }
  UseMedia used() const {
    const auto uses = talk.all<UseMedia>();
    EXPECT_EQ(uses.size(), 1u);
    return uses.empty() ? UseMedia{} : uses.front();
  }
  /// The capture whose track of one kind the last feed stopped.
  bool stopped(CaptureNumber capture, DeviceKind kind) const {
    for (const ReleaseMedia& release : talk.all<ReleaseMedia>()) {
      if (release.capture == capture && release.only.value_or(kind) == kind) return true;
    }
    return false;
  }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(TalkOptions{"lesson"})};
};

// Broadcasts with a device that is missing, busy or refused.

struct DeviceFault {
  Notice notice;
  DeviceState state;
};

class OneDevice : public Devices, public testing::WithParamInterface<DeviceFault> {};

TEST_P(OneDevice, WithoutACameraTheSoundGoesOnAir) {
  start();
  talk.feed(MediaFailed{1, GetParam().notice});
  const auto requests = talk.all<AcquireMedia>();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(requests[0].picture && !requests[0].microphone);
  EXPECT_TRUE(!requests[1].picture && requests[1].microphone);
  talk.feed(MediaFailed{2, GetParam().notice});
  EXPECT_EQ(view().stage, Stage::starting);
  talk.feed(MediaReady{3});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"}) << "there is no metadata to wait for";
  EXPECT_EQ(used().picture, 0u);
  EXPECT_EQ(used().microphone, 3u);
  EXPECT_EQ(view().picture, GetParam().state);
  EXPECT_EQ(view().microphone, DeviceState::live);
}

TEST_P(OneDevice, WithoutAMicrophoneThePictureGoesOnAir) {
  start();
  talk.feed(MediaFailed{1, GetParam().notice});
  talk.feed(MediaReady{2});
  talk.feed(MediaFailed{3, GetParam().notice});
  talk.feed(PreviewReady{2});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  EXPECT_EQ(view().picture, DeviceState::live);
  EXPECT_EQ(view().microphone, GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(Reasons, OneDevice,
                         testing::Values(DeviceFault{Notice::no_camera, DeviceState::missing},
                                         DeviceFault{Notice::camera_in_use, DeviceState::busy},
                                         DeviceFault{Notice::camera_refused, DeviceState::refused},
                                         DeviceFault{Notice::media_failed, DeviceState::failed}));

TEST_F(Devices, SwitchingOnADeviceThatIsAwayAsksForItAgain) {
  start();
  talk.feed(MediaFailed{1, Notice::camera_in_use});
  talk.feed(MediaReady{2});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  talk.feed(PreviewReady{2});
  EXPECT_EQ(view().microphone, DeviceState::busy);
  talk.feed(MicrophoneSwitched{false});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MicrophoneSwitched{true});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  EXPECT_EQ(view().microphone, DeviceState::starting);
  talk.feed(MicrophoneSwitched{true});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "it is being asked for";
  talk.feed(MediaReady{4});
  EXPECT_EQ(view().microphone, DeviceState::live);
  talk.feed(MicrophoneSwitched{true});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(talk.all<EnableTracks>().size(), 1u);
}

TEST_F(Devices, SwitchingOnACameraThatIsAwayAsksForItAgain) {
  start();
  talk.feed(MediaFailed{1, Notice::camera_in_use});
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaReady{3});
  talk.feed(CameraSwitched{true});
  EXPECT_TRUE(asked().picture && !asked().microphone);
  talk.feed(MediaReady{4});
  EXPECT_EQ(view().picture, DeviceState::live);
}

TEST_F(Devices, AMicrophoneThatIsStillAskedForComesInLater) {
  start();
  talk.feed(MediaFailed{1, Notice::camera_refused});
  talk.feed(MediaReady{2});
  talk.feed(PreviewReady{2});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"}) << "the picture does not wait for an open question";
  EXPECT_EQ(view().microphone, DeviceState::starting);
  talk.feed(MediaReady{3});
  EXPECT_EQ(used().picture, 2u);
  EXPECT_EQ(used().microphone, 3u);
  EXPECT_EQ(view().microphone, DeviceState::live);
}

TEST_F(Devices, WithNeitherEachReasonIsShown) {
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  talk.feed(MediaFailed{3, Notice::camera_refused});
  EXPECT_EQ(view().stage, Stage::idle);
  EXPECT_EQ(view().notice, Notice::media_failed);
  EXPECT_EQ(view().picture, DeviceState::missing);
  EXPECT_EQ(view().microphone, DeviceState::refused);
  talk.feed(StartRequested{MediaSource::camera});
  EXPECT_EQ(view().picture, DeviceState::starting);
}

TEST_F(Devices, OnAnInsecurePageNothingElseIsTried) {
  start();
  talk.feed(MediaFailed{1, Notice::insecure_context});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().notice, Notice::insecure_context);
  EXPECT_EQ(view().stage, Stage::idle);
}

TEST_F(Devices, ACameraThatIsPluggedInIsTakenIn) {
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  talk.feed(MediaReady{3});
  talk.feed(DevicesListed{{{DeviceKind::camera, "c", "Webcam"}}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "only a change is a reason to try again";
  talk.feed(DevicesChanged{});
  talk.feed(DevicesListed{{{DeviceKind::microphone, "m", ""}}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "there is still no camera";
  talk.feed(DevicesChanged{});
  talk.feed(DevicesListed{{{DeviceKind::camera, "c", "Webcam"}}});
  EXPECT_TRUE(asked().picture && !asked().microphone);
  talk.feed(MediaReady{4});
  EXPECT_EQ(used().picture, 4u);
  EXPECT_EQ(used().microphone, 3u);
  EXPECT_EQ(view().picture, DeviceState::live);
}

TEST_F(Devices, WhatWasRefusedIsTakenInWhenItIsAllowed) {
  start();
  talk.feed(MediaFailed{1, Notice::camera_refused});
  talk.feed(MediaReady{2});
  talk.feed(MediaFailed{3, Notice::camera_refused});
  talk.feed(DevicesChanged{});
  talk.feed(DevicesListed{{{DeviceKind::microphone, "m", ""}}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "the person has refused";
  talk.feed(PermissionGranted{DeviceKind::microphone});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  talk.feed(MediaReady{4});
  EXPECT_EQ(view().microphone, DeviceState::live);
}

TEST_F(Devices, NothingIsTakenInThatNobodyWants) {
  talk.join();
  talk.feed(PermissionGranted{DeviceKind::camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  share_screen();
  talk.feed(PermissionGranted{DeviceKind::camera});
  talk.feed(DevicesChanged{});
  talk.feed(DevicesListed{{{DeviceKind::camera, "c", ""}, {DeviceKind::microphone, "m", ""}}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "the screen is what was chosen";
}

// Two cameras that can't be open at once.

class TwoCameras : public Devices {
 protected:
  void SetUp() override {
    talk.feed(MediaChosen{{"back", "microphone"}});
    go_on_air();
    talk.feed(MediaChosen{{"front", "microphone"}});
    EXPECT_TRUE(asked().picture && !asked().microphone);
  }
};

TEST_F(TwoCameras, TheOldOneGivesWayWhereBothCantBeOpen) {
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  EXPECT_TRUE(stopped(1, DeviceKind::camera));
  EXPECT_FALSE(stopped(1, DeviceKind::microphone));
  EXPECT_EQ(asked().choice.camera, "front");
  EXPECT_EQ(talk.session.sent_media(), (ChatMedia{Sent::live, Sent::live}));
  talk.feed(MediaReady{3});
  EXPECT_EQ(used().picture, 3u);
  EXPECT_EQ(used().microphone, 1u);
  EXPECT_EQ(view().choice.camera, "front");
  EXPECT_EQ(view().notice, Notice::none);
}

TEST_F(TwoCameras, TheOldOneComesBackWhereTheNewOneFails) {
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  EXPECT_EQ(asked().choice.camera, "back");
  EXPECT_EQ(view().choice.camera, "back") << "the menu shows what is sent";
  EXPECT_EQ(view().notice, Notice::switch_failed);
  talk.feed(MediaReady{4});
  EXPECT_EQ(used().picture, 4u);
  EXPECT_EQ(view().picture, DeviceState::live);
}

TEST_F(TwoCameras, WhereNoneComesBackTheSoundGoesOn) {
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  talk.feed(MediaFailed{4, Notice::camera_in_use});
  EXPECT_TRUE(view().stage == Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::busy);
  EXPECT_EQ(used().picture, 0u);
  EXPECT_EQ(used().microphone, 1u);
}

TEST_F(TwoCameras, AnyOtherFailureLeavesTheOldOneAlone) {
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_TRUE(talk.all<ReleaseMedia>().empty());
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().choice.camera, "back");
  EXPECT_EQ(view().notice, Notice::switch_failed);
  EXPECT_EQ(view().picture, DeviceState::live);
}

TEST_F(TwoCameras, AThirdChoiceMeanwhileStillKnowsTheWayBack) {
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaChosen{{"side", "microphone"}});
  EXPECT_EQ(asked().choice.camera, "side");
  talk.feed(MediaFailed{4, Notice::camera_in_use});
  EXPECT_EQ(asked().choice.camera, "back");
  EXPECT_EQ(view().choice.camera, "back");
}

TEST_F(TwoCameras, ARefusedScreenMeanwhileBringsTheOldOneBack) {
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaFailed{4, Notice::screen_refused});
  EXPECT_EQ(asked().choice.camera, "back");
}

TEST_F(Devices, TwoCamerasThatCantBothBeOpenSwitchInThePreviewToo) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
  talk.feed(MediaReady{1});
  talk.feed(PreviewReady{1});
  talk.feed(MediaChosen{{"front"}});
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  talk.feed(MediaReady{4});
  EXPECT_EQ(view().stage, Stage::preview);
  EXPECT_EQ(view().choice.camera, "");
  EXPECT_EQ(view().notice, Notice::switch_failed);
}

// Each device on its own.

TEST_F(Devices, AHeadsetUnpluggedDuringAScreenReplacesTheMicrophoneAlone) {
  share_screen();
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  EXPECT_EQ(asked().source, MediaSource::camera);
  EXPECT_TRUE(view().shares_screen);
  talk.feed(MediaReady{3});
  EXPECT_EQ(used().picture, 2u) << "the screen stays";
  EXPECT_EQ(used().microphone, 3u);
  EXPECT_TRUE(view().shares_screen);
  EXPECT_TRUE(stopped(1, DeviceKind::microphone));
}

TEST_F(Devices, WithoutAnotherMicrophoneTheScreenGoesOn) {
  share_screen();
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  talk.feed(MediaFailed{3, Notice::no_camera});
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_TRUE(view().shares_screen);
  EXPECT_EQ(view().microphone, DeviceState::lost);
}

TEST_F(Devices, AnUnpluggedMicrophoneLeavesTheChosenCameraAlone) {
  talk.feed(MediaChosen{{"camera 2", "headset"}});
  go_on_air();
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  EXPECT_EQ(asked().choice.microphone, "") << "any other";
  talk.feed(MediaReady{3});
  EXPECT_EQ(used().picture, 1u);
  EXPECT_EQ(used().microphone, 3u);
  EXPECT_FALSE(stopped(1, DeviceKind::camera));
  EXPECT_EQ(view().choice, (MediaChoice{"camera 2", ""})) << "the menu shows what is sent";
  list({{DeviceKind::microphone, "headset", ""}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaChosen{{"camera 2", "headset"}});
  EXPECT_EQ(asked().choice.microphone, "headset") << "so it can be picked again";
}

TEST_F(Devices, AChosenMicrophoneThatIsGoneAtTheStartLeavesTheChosenCameraAlone) {
  talk.feed(MediaChosen{{"camera 2", "headset"}});
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).choice.camera, "camera 2");
  talk.feed(MediaReady{2});
  talk.feed(MediaFailed{3, Notice::no_camera});
  EXPECT_TRUE(asked().microphone && !asked().picture);
  EXPECT_EQ(asked().choice.microphone, "");
}

TEST_F(Devices, WhereTheChosenCameraIsMissingAtTheStartTheMenuShowsThatAnotherIsSent) {
  talk.feed(MediaChosen{{"camera 2", "headset"}});
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_EQ(view().choice.camera, "camera 2") << "until another one is there";
  talk.feed(MediaReady{3});
  EXPECT_EQ(view().choice, (MediaChoice{"camera 2", "headset"})) << "3 is the microphone";
  talk.feed(MediaReady{4, {}, false, "camera 1"});
  EXPECT_EQ(view().choice, (MediaChoice{"", "headset"}));
}

TEST_F(Devices, AnotherMicrophoneIsTakenDuringAScreenAndAnotherCameraIsNot) {
  share_screen();
  talk.feed(MediaChosen{{"camera 2"}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaChosen{{"camera 2", "headset"}});
  EXPECT_TRUE(asked().microphone && !asked().picture);
}

TEST_F(Devices, ACameraThatCouldNotReplaceTheScreenDoesNotReplaceItLater) {
  share_screen();
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  EXPECT_EQ(view().notice, Notice::camera_in_use);
  talk.feed(MediaChosen{{"", "", PictureSize::large}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaChosen{{"camera 2", "", PictureSize::large}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaEnded{2});
  EXPECT_EQ(asked().choice.camera, "camera 2") << "after the screen it is what was chosen";
}

TEST_F(Devices, ACameraThatAnotherScreenWasAskedForInsteadDoesNotReplaceTheScreenLater) {
  share_screen();
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaFailed{4, Notice::screen_refused});
  talk.feed(MediaChosen{{"", "", PictureSize::large}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
}

TEST_F(Devices, AnUnpluggedCameraLeavesTheMicrophoneAlone) {
  show_camera("desk");
  talk.feed(MediaEnded{1});
  EXPECT_TRUE(asked().picture && !asked().microphone);
  talk.feed(MediaReady{2});
  EXPECT_EQ(used().microphone, 1u);
  EXPECT_TRUE(stopped(1, DeviceKind::camera));
  EXPECT_FALSE(stopped(1, DeviceKind::microphone));
}

TEST_F(Devices, AScreenOverSoundAloneGivesWayToSoundAlone) {
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  talk.feed(MediaReady{3});
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{4});
  EXPECT_EQ(used().microphone, 3u);
  talk.feed(MediaEnded{4});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "no picture begins by itself";
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::missing);
  EXPECT_FALSE(view().shares_screen);
}

TEST_F(Devices, ARefusedCameraAfterAScreenLeavesTheSound) {
  share_screen();
  talk.feed(MediaEnded{2});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::busy);
  EXPECT_EQ(view().microphone, DeviceState::live);
}

// No picture begins that the broadcaster has not just chosen.

class NoOtherPicture : public Devices {
 protected:
  /// On air with the sound alone, since the camera "desk" was unplugged.
  void lose_camera() {
    show_camera("desk");
    talk.feed(MediaEnded{1});
    talk.feed(MediaFailed{2, Notice::no_camera});
  }
  static inline const Device desk{DeviceKind::camera, "desk", ""};
  static inline const Device room{DeviceKind::camera, "room", ""};
  static inline const Device headset{DeviceKind::microphone, "headset", ""};
};

TEST_F(NoOtherPicture, AnUnpluggedCameraIsNotReplacedByAnother) {
  show_camera("desk");
  talk.feed(MediaEnded{1});
  EXPECT_EQ(asked().choice.camera, "desk");
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::lost);
  EXPECT_EQ(view().choice.camera, "") << "the menu shows what the person picked";
  list({room});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "another one came";
  list({room, desk});
  EXPECT_EQ(asked().choice.camera, "desk") << "it came back";
  talk.feed(MediaReady{3, {}, false, "desk"});
  EXPECT_EQ(view().picture, DeviceState::live);
}

TEST_F(NoOtherPicture, ACameraThatIsBackBeforeItWasMissedReturns) {
  lose_camera();
  talk.feed(DevicesListed{{desk, room}});
  list({desk, room});
  EXPECT_EQ(asked().choice.camera, "desk");
}

TEST_F(NoOtherPicture, ACameraThatTheSystemTookForAWhileReturns) {
  show_camera("desk");
  talk.feed(MediaEnded{1});
  talk.feed(MediaReady{2, {}, false, "desk"});
  EXPECT_EQ(used().picture, 2u);
  EXPECT_EQ(view().picture, DeviceState::live);
  talk.feed(MediaEnded{2});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  EXPECT_EQ(view().picture, DeviceState::busy);
}

TEST_F(NoOtherPicture, ACameraWithoutAnIdThatIsUnpluggedHasNoSubstitute) {
  go_on_air();
  talk.feed(MediaEnded{1});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::lost);
  list({room});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  list({{DeviceKind::camera, "", ""}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
}

TEST_F(NoOtherPicture, ACameraWithoutAnIdAndWithoutSoundEndsTheBroadcast) {
  start();
  talk.feed(MediaFailed{1, Notice::camera_refused});
  talk.feed(MediaReady{2});
  talk.feed(MediaFailed{3, Notice::camera_refused});
  talk.feed(PreviewReady{2});
  talk.feed(MediaEnded{2});
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
  EXPECT_EQ(view().notice, Notice::media_ended);
}

TEST_F(NoOtherPicture, StartVideoTakesAnyCameraAfterOneWasUnplugged) {
  lose_camera();
  talk.feed(StartRequested{MediaSource::camera});
  EXPECT_EQ(asked().choice.camera, "");
  talk.feed(MediaReady{3, {}, false, "room"});
  EXPECT_EQ(used().picture, 3u);
  talk.feed(MediaEnded{3});
  EXPECT_EQ(asked().choice.camera, "room");
}

TEST_F(NoOtherPicture, AChoiceInTheMenuTakesThatCameraAndNoOther) {
  lose_camera();
  talk.feed(MediaChosen{{"room"}});
  EXPECT_EQ(asked().choice.camera, "room");
  talk.feed(MediaFailed{3, Notice::no_camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().picture, DeviceState::lost);
}

TEST_F(NoOtherPicture, AfterAScreenTheCameraReturnsThatItCoveredOrNone) {
  show_camera("desk");
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{2});
  talk.feed(MediaEnded{2});
  EXPECT_EQ(asked().choice.camera, "desk");
  EXPECT_EQ(view().notice, Notice::screen_ended);
  talk.feed(MediaFailed{3, Notice::no_camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().picture, DeviceState::lost);
  EXPECT_EQ(view().notice, Notice::none) << "viewers do not see the camera again";
}

TEST_F(NoOtherPicture, ACameraChosenUnderAScreenReplacesTheCoveredOne) {
  show_camera("desk");
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{2});
  talk.feed(MediaChosen{{"room"}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaEnded{2});
  EXPECT_EQ(asked().choice.camera, "room");
}

TEST_F(NoOtherPicture, AnotherSizeKeepsTheCamera) {
  show_camera("desk");
  talk.feed(MediaChosen{{"", "", PictureSize::large}});
  EXPECT_EQ(asked().choice.camera, "desk") << "a browser may prefer another one for this size";
  EXPECT_EQ(asked().choice.size, PictureSize::large);
  talk.feed(MediaReady{2, {}, false, "desk"});
  EXPECT_EQ(view().choice, (MediaChoice{"", "", PictureSize::large}));
}

TEST_F(NoOtherPicture, AnotherSizeAloneBeginsNoPicture) {
  lose_camera();
  talk.feed(MediaChosen{{"", "", PictureSize::large}});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  talk.feed(MediaChosen{{"", "headset", PictureSize::large}});
  EXPECT_TRUE(asked().microphone && !asked().picture);
}

TEST_F(NoOtherPicture, AHeadsetThatComesBeginsNoPicture) {
  talk.feed(DevicesListed{{desk}});
  start();
  talk.feed(MediaFailed{1, Notice::camera_in_use});
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaReady{3});
  list({desk, headset});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "the camera was there before";
  list({desk, headset, room});
  EXPECT_TRUE(asked().picture && !asked().microphone);
}

TEST_F(NoOtherPicture, AHeadsetBeginsNoCameraThatCameBackUnderAScreen) {
  lose_camera();
  list({});
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{3});
  list({desk});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "a screen covers it";
  talk.feed(MediaEnded{3});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().picture, DeviceState::lost);
  list({desk, headset});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "the camera was there before";
  list({headset});
  list({desk, headset});
  EXPECT_EQ(asked().choice.camera, "desk") << "it came back";
}

TEST_F(NoOtherPicture, WhereAnotherCameraFailsTheSameOneReturns) {
  show_camera("desk");
  talk.feed(MediaChosen{{"room"}});
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(MediaFailed{3, Notice::camera_in_use});
  EXPECT_EQ(asked().choice.camera, "desk");
  EXPECT_EQ(view().choice.camera, "");
  talk.feed(MediaFailed{4, Notice::no_camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::on_air);
}

TEST_F(NoOtherPicture, AfterARefusedScreenTheCameraThatGaveWayReturns) {
  show_camera("desk");
  talk.feed(MediaChosen{{"room"}});
  talk.feed(MediaFailed{2, Notice::camera_in_use});
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaFailed{4, Notice::screen_refused});
  EXPECT_EQ(asked().choice.camera, "desk");
  EXPECT_EQ(view().choice.camera, "");
}

TEST_F(NoOtherPicture, AReloadBeginsNothing) {
  talk.join({"me"});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
  list({desk, room});
  talk.feed(PermissionGranted{DeviceKind::camera});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::idle);
}

// A picture without a frame.

TEST_F(Devices, ACameraThatSendsNoFrameHoldsNothingForEver) {
  start();
  talk.feed(MediaReady{1});
  EXPECT_EQ(view().stage, Stage::starting);
  talk.now += kFirstFrameTimeout;
  EXPECT_EQ(talk.session.next_deadline().value_or(TimePoint::max()), talk.now);
  talk.feed(TimePassed{});
  EXPECT_EQ(view().stage, Stage::on_air) << "viewers hear the talker";
  EXPECT_EQ(view().picture, DeviceState::frameless);
  EXPECT_EQ(talk.session.sent_media(), (ChatMedia{Sent::none, Sent::live}));
  talk.feed(PreviewReady{1});
  EXPECT_EQ(view().picture, DeviceState::live) << "the first frame has come";
  EXPECT_EQ(talk.session.sent_media(), (ChatMedia{Sent::live, Sent::live}));
}

TEST_F(Devices, APreviewWithoutAFrameCanGoOnAir) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
  talk.feed(MediaReady{1});
  talk.now += kFirstFrameTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(view().stage, Stage::preview);
  talk.feed(OnAirRequested{});
  EXPECT_EQ(view().stage, Stage::on_air);
}

TEST_F(Devices, ASwitchToACameraWithoutAFrameIsSaid) {
  go_on_air();
  talk.feed(MediaChosen{{"2", "", PictureSize::standard}});
  talk.feed(MediaReady{2});
  EXPECT_EQ(view().picture, DeviceState::live);
  talk.now += kFirstFrameTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(view().picture, DeviceState::frameless);
  talk.feed(StopRequested{});
  EXPECT_EQ(view().picture, DeviceState::idle);
}

TEST_F(Devices, AConnectedViewerHearsOfASwitchToACameraWithoutAFrameAndThenOfItsFirst) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  talk.feed(ChatOpened{talk.all<CreateConnection>().at(0).key});
  talk.feed(MediaChosen{{"2", "", PictureSize::standard}});
  talk.feed(MediaReady{2});
  EXPECT_TRUE(talk.all<SendChat>().empty()) << "its first frame may come yet";
  talk.now += kFirstFrameTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.all<SendChat>().at(0).message, ChatMessage(ChatMedia{Sent::none, Sent::live}));
  talk.feed(TimePassed{});
  EXPECT_TRUE(talk.all<SendChat>().empty()) << "once";
  talk.feed(PreviewReady{2});
  EXPECT_EQ(talk.all<SendChat>().at(0).message, ChatMessage(ChatMedia{}));
}

TEST_F(Devices, APictureAfterNoneIsToldToViewersWithItsFirstFrameForTheirSoundWouldWaitForIt) {
  const ChatMedia sound_alone{Sent::none, Sent::live};
  start();
  talk.feed(MediaReady{1});
  talk.now += kFirstFrameTimeout;
  talk.feed(TimePassed{});
  talk.feed(MediaChosen{{"2", "", PictureSize::standard}});
  talk.feed(MediaReady{2});
  EXPECT_EQ(talk.session.sent_media(), sound_alone) << "it may send no frame either";
  talk.feed(PreviewReady{2});
  EXPECT_EQ(talk.session.sent_media(), ChatMedia{});

  talk.feed(MediaEnded{2});
  talk.feed(MediaFailed{asked().capture, Notice::no_camera});
  EXPECT_EQ(talk.session.sent_media(), sound_alone);
  talk.feed(StartRequested{MediaSource::screen});
  const CaptureNumber screen = asked().capture;
  talk.feed(MediaReady{screen});
  EXPECT_EQ(talk.session.sent_media(), sound_alone);
  talk.now += kFirstFrameTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.session.sent_media(), sound_alone);
  talk.feed(PreviewReady{screen});
  EXPECT_EQ(talk.session.sent_media(), ChatMedia{});
}

// Screen first.

TEST_F(Devices, AScreenFromAStandingStartBringsTheMicrophone) {
  start(MediaSource::screen);
  EXPECT_TRUE(asked().picture && !asked().microphone);
  talk.feed(MediaReady{1});
  EXPECT_TRUE(asked().microphone && !asked().picture) << "the browser asks one after the other";
  EXPECT_EQ(view().microphone, DeviceState::starting);
  talk.feed(PreviewReady{1});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"}) << "the screen does not wait for an open question";
  talk.feed(MediaReady{2});
  EXPECT_EQ(used().picture, 1u);
  EXPECT_EQ(used().microphone, 2u);
  EXPECT_EQ(view().microphone, DeviceState::live);
  EXPECT_TRUE(view().shares_screen);
}

TEST_F(Devices, AScreenWithoutAMicrophoneSaysSo) {
  start(MediaSource::screen);
  talk.feed(MediaReady{1});
  talk.feed(MediaFailed{2, Notice::camera_refused});
  talk.feed(PreviewReady{1});
  EXPECT_EQ(view().stage, Stage::on_air);
  EXPECT_EQ(view().microphone, DeviceState::refused);
  EXPECT_EQ(talk.session.sent_media(), (ChatMedia{Sent::live, Sent::none}));
}

TEST_F(Devices, ARefusedScreenFromAStandingStartAsksForNothingElse) {
  start(MediaSource::screen);
  talk.feed(MediaFailed{1, Notice::screen_refused});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty());
  EXPECT_EQ(view().stage, Stage::idle);
  EXPECT_EQ(view().notice, Notice::screen_refused);
}

TEST_F(Devices, APreviewStaysWhereTheScreenIsRefused) {
  preview();
  talk.feed(StartRequested{MediaSource::screen});
  EXPECT_TRUE(talk.all<ReleaseMedia>().empty());
  talk.feed(MediaFailed{2, Notice::screen_refused});
  EXPECT_EQ(view().stage, Stage::preview);
  EXPECT_EQ(view().picture, DeviceState::live);
  EXPECT_EQ(view().notice, Notice::screen_refused);
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{3});
  EXPECT_TRUE(stopped(1, DeviceKind::camera));
  EXPECT_FALSE(stopped(1, DeviceKind::microphone));
  EXPECT_EQ(talk.sent(), Lines{}) << "its picture has not come";
  talk.feed(PreviewReady{3});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  EXPECT_TRUE(view().shares_screen);
}

TEST_F(Devices, APreviewedCameraDoesNotGoOnAirForAScreenThatIsBeingChosen) {
  for (const bool choose : {false, true}) {
    talk = tests::Stepper<TalkSession, TalkInput, TalkOutput>(TalkSession(TalkOptions{"lesson"}));
    preview();
    talk.feed(StartRequested{MediaSource::screen});
    CaptureNumber camera = 1;
    if (choose) {
      talk.feed(MediaChosen{{.camera = "another"}});  // in place of the screen
      camera = asked().capture;
      talk.feed(MediaReady{camera});
    } else {
      talk.feed(MediaEnded{1, DeviceKind::microphone});
      talk.feed(MediaReady{asked().capture});
    }
    talk.feed(PreviewReady{camera});  // its element has got a new stream
    EXPECT_EQ(talk.sent(), Lines{}) << choose;
    EXPECT_NE(view().stage, Stage::on_air) << choose;
  }
}

TEST_F(Devices, OnAirWhileTheScreenIsChosenSendsThePreview) {
  preview();
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(OnAirRequested{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  talk.feed(MediaFailed{2, Notice::screen_refused});
  EXPECT_EQ(view().stage, Stage::on_air);
}

TEST_F(Devices, TheOwnSoundOfAScreenIsSound) {
  start(MediaSource::screen);
  talk.feed(MediaReady{1, {1920, 1080}, /*sound=*/true});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_EQ(talk.session.sent_media(), (ChatMedia{Sent::live, Sent::live}));
  EXPECT_EQ(view().microphone, DeviceState::missing);
}

// The system takes a device away for a while.

TEST_F(Devices, AnInterruptionIsAnnouncedAndSoIsItsEnd) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(ChatOpened{key});
  ASSERT_EQ(talk.all<SendChat>().size(), 2u);
  EXPECT_EQ(talk.all<SendChat>()[1].message, ChatMessage(ChatMedia{}))
      << "it may know another state from an earlier connection";
  talk.feed(MediaMuted{1, DeviceKind::camera, true});
  EXPECT_EQ(view().picture, DeviceState::interrupted);
  ASSERT_EQ(talk.all<SendChat>().size(), 1u);
  EXPECT_EQ(talk.all<SendChat>()[0].message, ChatMessage(ChatMedia{Sent::interrupted, Sent::live}));
  talk.feed(MediaMuted{1, DeviceKind::microphone, true});
  EXPECT_EQ(view().microphone, DeviceState::interrupted);
  talk.receive(protocol::TalkRequest{}, "late");
  const ConnectionKey late = talk.all<CreateConnection>().at(0).key;
  talk.feed(ChatOpened{late});
  EXPECT_EQ(talk.all<SendChat>().at(1).message,
            ChatMessage(ChatMedia{Sent::interrupted, Sent::interrupted}));
  talk.feed(MediaMuted{1, DeviceKind::camera, false});
  talk.feed(MediaMuted{1, DeviceKind::microphone, false});
  EXPECT_EQ(talk.all<SendChat>().at(0).message, ChatMessage(ChatMedia{}));
  EXPECT_EQ(view().picture, DeviceState::live);
  EXPECT_EQ(view().microphone, DeviceState::live);
}

TEST_F(Devices, AnotherDeviceEndsTheInterruption) {
  go_on_air();
  talk.feed(MediaMuted{1, DeviceKind::microphone, true});
  talk.feed(MediaChosen{{"", "headset"}});
  EXPECT_EQ(view().microphone, DeviceState::interrupted);
  talk.feed(MediaReady{2});
  EXPECT_EQ(view().microphone, DeviceState::live);
  talk.feed(MediaMuted{1, DeviceKind::microphone, true});
  EXPECT_EQ(view().microphone, DeviceState::live) << "the one before is not missed";
}

TEST_F(Devices, StopEndsEveryAnnouncement) {
  start();
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  talk.feed(MediaReady{3});
  talk.feed(StopRequested{});
  EXPECT_EQ(view().picture, DeviceState::idle);
  EXPECT_EQ(view().microphone, DeviceState::idle);
  EXPECT_EQ(used().picture, 0u);
  EXPECT_TRUE(talk.session.captures().empty());
}

}  // namespace
}  // namespace onair::session
