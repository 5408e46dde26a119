// The talker's camera, microphone and screen, and their effect on the broadcast.
#include <gtest/gtest.h>

#include "session/talk/talk_session.hpp"
#include "session/timeouts.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using Stage = TalkView::Stage;

class TalkMedia : public testing::Test {
 protected:
  void go_on_air(MediaSource source = MediaSource::camera) {
    talk.join();
    talk.feed(StartRequested{source});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  Notice notice() const { return talk.session.view().notice; }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(TalkOptions{"lesson"})};
};

TEST_F(TalkMedia, APreviewGoesOnAirWhenOnAirIsPressed) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
  talk.feed(MediaReady{1});
  talk.feed(PreviewReady{1});
  EXPECT_EQ(talk.sent(), Lines{});
  EXPECT_EQ(talk.session.view().stage, Stage::preview);
  talk.receive(protocol::TalkRequest{}, "v");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to v"}) << "nobody sees a preview";
  talk.now += Duration(5);
  talk.feed(OnAirRequested{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  EXPECT_EQ(talk.session.view().stage, Stage::on_air);
  EXPECT_EQ(talk.session.view().on_air_since, talk.now);
}

TEST_F(TalkMedia, OnAirPressedBeforeThePreviewIsThereGoesOnAirWithIt) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
  talk.feed(MediaReady{1});
  talk.feed(OnAirRequested{});
  talk.feed(PreviewReady{1});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
}

TEST_F(TalkMedia, WhatIsChosenIsAskedForAndOnAirAtOnce) {
  const MediaChoice choice{"camera 2", "microphone 1", PictureSize::large};
  talk.feed(MediaChosen{choice});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "nothing runs that it could replace";
  go_on_air();
  talk.feed(MediaChosen{choice});
  EXPECT_TRUE(talk.all<AcquireMedia>().empty()) << "that runs already";
  talk.feed(MediaChosen{{"camera 1"}});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).choice.camera, "camera 1");
  talk.feed(MediaReady{2});
  EXPECT_EQ(talk.all<ReleaseMedia>().at(0).capture, 1u);
  EXPECT_TRUE(talk.session.on_air());
}

TEST_F(TalkMedia, WhatIsChosenDuringAPreviewIsPreviewed) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera, /*preview_only=*/true});
  talk.feed(MediaReady{1});
  talk.feed(PreviewReady{1});
  talk.feed(MediaChosen{{"camera 2"}});
  talk.feed(MediaReady{2});
  talk.feed(PreviewReady{2});
  EXPECT_EQ(talk.session.view().stage, Stage::preview);
}

TEST_F(TalkMedia, WhereTheChosenDeviceIsGoneAnyOtherWillDo) {
  talk.join();
  talk.feed(MediaChosen{{"camera 2", "", PictureSize::large}});
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(MediaFailed{1, Notice::no_camera});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).choice, (MediaChoice{"", "", PictureSize::large}));
  talk.feed(MediaFailed{3, Notice::no_camera});
  talk.feed(MediaFailed{4, Notice::no_camera});
  EXPECT_EQ(notice(), Notice::no_camera);
  EXPECT_EQ(talk.session.view().stage, Stage::idle);
}

TEST_F(TalkMedia, AMutedMicrophoneStaysMutedWithAnotherDevice) {
  go_on_air();
  talk.feed(MicrophoneSwitched{false});
  EXPECT_FALSE(talk.all<EnableTracks>().at(0).microphone);
  EXPECT_FALSE(talk.session.view().microphone_on);
  talk.feed(MediaChosen{{"camera 2"}});
  talk.feed(MediaReady{2});
  EXPECT_FALSE(talk.all<EnableTracks>().at(0).microphone);
  EXPECT_TRUE(talk.all<EnableTracks>().at(0).camera);
}

TEST_F(TalkMedia, AnUnpluggedMicrophoneIsReplacedOnAir) {
  go_on_air();
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).source, MediaSource::camera);
  EXPECT_EQ(notice(), Notice::none) << "it is not known yet whether there is another one";
  EXPECT_TRUE(talk.session.on_air());
  talk.feed(MediaReady{2});
  EXPECT_EQ(talk.all<UseMedia>().at(0).microphone, 2u);
  EXPECT_EQ(talk.all<ReleaseMedia>().at(0).capture, 1u);
  EXPECT_EQ(notice(), Notice::microphone_replaced);
}

TEST_F(TalkMedia, WithoutTheCameraTheSoundGoesOn) {
  talk.feed(MediaChosen{{"camera 1"}});
  go_on_air();
  talk.feed(MediaEnded{1});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_EQ(talk.sent(), Lines{});
  EXPECT_TRUE(talk.session.on_air());
  EXPECT_EQ(talk.session.view().picture, DeviceState::lost);
  EXPECT_EQ(talk.session.view().microphone, DeviceState::live);
  EXPECT_EQ(talk.all<UseMedia>().at(0).picture, 0u);
  EXPECT_EQ(talk.all<UseMedia>().at(0).microphone, 1u);
}

TEST_F(TalkMedia, WithoutCameraAndMicrophoneTheBroadcastEnds) {
  talk.feed(MediaChosen{{"camera 1"}});
  go_on_air();
  talk.feed(MediaEnded{1});
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_TRUE(talk.session.on_air()) << "another microphone may come";
  talk.feed(MediaFailed{3, Notice::no_camera});
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
  EXPECT_EQ(notice(), Notice::media_ended);
  EXPECT_TRUE(talk.session.captures().empty());
}

TEST_F(TalkMedia, WithoutAnotherMicrophoneThePictureGoesOn) {
  go_on_air();
  talk.feed(MediaEnded{1, DeviceKind::microphone});
  talk.feed(MediaFailed{2, Notice::no_camera});
  EXPECT_TRUE(talk.session.on_air());
  EXPECT_EQ(talk.session.view().microphone, DeviceState::lost);
  EXPECT_EQ(talk.session.view().picture, DeviceState::live);
}

TEST_F(TalkMedia, AScreenThatEndsGivesWayToTheCameraThatWasThereBefore) {
  go_on_air();
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{2});
  EXPECT_TRUE(talk.session.view().shares_screen);
  talk.feed(MediaEnded{2});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).source, MediaSource::camera);
  EXPECT_EQ(notice(), Notice::screen_ended);
  talk.feed(MediaReady{3});
  EXPECT_TRUE(talk.session.on_air());
  EXPECT_FALSE(talk.session.view().shares_screen);
}

TEST_F(TalkMedia, AScreenThatWasThereFirstEndsTheBroadcast) {
  go_on_air(MediaSource::screen);
  talk.feed(MediaEnded{1});
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
  EXPECT_EQ(notice(), Notice::media_ended);
}

TEST_F(TalkMedia, DevicesAreListedAtTheStartWhenTheyChangeAndWhenTheyHaveLabels) {
  talk.feed(Started{});
  EXPECT_EQ(talk.all<ListDevices>().size(), 1u);
  talk.feed(DevicesChanged{});
  EXPECT_EQ(talk.all<ListDevices>().size(), 1u);
  talk.feed(DevicesListed{{{DeviceKind::camera, "1", "Webcam"}}});
  EXPECT_EQ(talk.session.view().devices.at(0).label, "Webcam");
  EXPECT_EQ(talk.all<ViewChanged>().size(), 1u);
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(MediaReady{1});
  EXPECT_EQ(talk.all<ListDevices>().size(), 1u);
}

TEST_F(TalkMedia, APlanIsCorrectedOnceInARoundByTheLastInterval) {
  go_on_air();
  std::vector<ConnectionKey> keys;
  for (const PeerId viewer : {"a", "b", "c"}) {
    talk.receive(protocol::TalkRequest{}, viewer);
    keys.push_back(talk.all<CreateConnection>().at(0).key);
    talk.feed(TransportChanged{keys.back(), TransportState::connected});
  }
  const auto uplink_after = [&](double frames, double seconds) {
    talk.now += kMeasureInterval;
    talk.feed(TimePassed{});
    for (const ConnectionKey& key : keys) {
      talk.feed(SendingMeasured{key, {false, 30, 30, frames, seconds}});
    }
    talk.now += kMeasureInterval;
    talk.feed(TimePassed{});
    return talk.session.view().capacity;
  };
  const std::size_t fast = uplink_after(18'000, 90);
  EXPECT_LT(uplink_after(18'060, 92.4), fast) << "40 ms a frame, after ten minutes at 5 ms";
}

TEST_F(TalkMedia, EachViewersRateIsReckonedFromTwoLooks) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  EXPECT_EQ(talk.session.view().audience.at(0).state, ViewerView::State::connecting);
  talk.feed(TransportChanged{key, TransportState::connected});
  talk.now += kMeasureInterval;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.all<MeasureSending>().at(0).key, key);
  talk.feed(SendingMeasured{key, {}, {1'000, 12.5, 0.02}});
  talk.now += kMeasureInterval;
  talk.feed(SendingMeasured{key, {}, {251'000, 12.5, 0.02}});
  const ViewerView viewer = talk.session.view().audience.at(0);
  EXPECT_EQ(viewer.state, ViewerView::State::live);
  EXPECT_EQ(viewer.bits_per_second, 1'000'000u);
  EXPECT_EQ(viewer.round_trip_ms, 12.5);
  EXPECT_EQ(viewer.loss, 0.02);
  EXPECT_EQ(viewer.number, 1u);
}

}  // namespace
}  // namespace onair::session
