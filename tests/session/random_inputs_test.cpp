// The sessions' guarantees hold for random inputs in any order.

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "session/talk/talk_session.hpp"
#include "session/watch/watch_session.hpp"

namespace onair::session {
namespace {

constexpr std::uint32_t kSeeds = 200;
constexpr int kSteps = 2'000;

/// Checks the outputs of one session against its earlier ones.
class Audit {
 public:
  template <typename Output>
  void check(const std::vector<Output>& outputs) {
    for (const Output& output : outputs) {
      std::visit([this](const auto& command) { this->check(command); }, output);
    }
  }

  bool is_open(const ConnectionKey& key) const { return open_.count(key) > 0; }
  const std::set<ConnectionKey>& open() const { return open_; }
  const std::set<CaptureNumber>& captures() const { return captures_; }
  /// A request that failed has nothing to release.
  void failed(CaptureNumber capture) { captures_.erase(capture); }
  /// All keys that the session has used.
  const std::vector<ConnectionKey>& keys() const { return keys_; }
  SocketNumber last_socket() const { return last_socket_; }

 private:
  void check(const OpenSocket& open) {
    EXPECT_GT(open.socket, last_socket_);
    last_socket_ = open.socket;
  }
  void check(const CloseSocket& close) { EXPECT_EQ(close.socket, last_socket_); }
  void check(const CreateConnection& create) {
    EXPECT_TRUE(ever_.insert(create.key).second) << "a key is used once";
    keys_.push_back(create.key);
    for (const ConnectionKey& key : open_) EXPECT_NE(key.peer, create.key.peer);
    open_.insert(create.key);
  }
  void check(const CloseConnection& close) { EXPECT_EQ(open_.erase(close.key), 1u); }
  void check(const MakeLocalDescription& make) { EXPECT_TRUE(is_open(make.key)); }
  void check(const ApplyRemoteDescription& apply) {
    EXPECT_TRUE(is_open(apply.key));
    described_.insert(apply.key);
  }
  void check(const RestartIce& restart) {
    EXPECT_TRUE(is_open(restart.key));
    EXPECT_TRUE(described_.count(restart.key)) << "only what was negotiated can be restarted";
  }
  void check(const RefreshIce& refresh) { EXPECT_TRUE(is_open(refresh.key)); }
  void check(const AddCandidate& add) { EXPECT_TRUE(described_.count(add.key)); }
  void check(const LimitSending& limit) {
    EXPECT_TRUE(is_open(limit.key));
    EXPECT_TRUE(described_.count(limit.key));
  }
  void check(const MeasureSending& measure) { EXPECT_TRUE(is_open(measure.key)); }
  void check(const ReplaceTracks& replace) { EXPECT_TRUE(is_open(replace.key)); }
  void check(const MeasureReceiving& measure) { EXPECT_TRUE(is_open(measure.key)); }
  void check(const SendChat& send) { EXPECT_TRUE(is_open(send.key)); }
  void check(const SendText& send) { EXPECT_TRUE(is_open(send.key)); }
  void check(const SwitchStream& change) {
    EXPECT_TRUE(is_open(change.from));
    EXPECT_TRUE(is_open(change.to));
  }
  void check(const AttachStream& show) { EXPECT_TRUE(is_open(show.key)); }
  void check(const AcquireMedia& acquire) { EXPECT_TRUE(captures_.insert(acquire.capture).second); }
  void check(const ReleaseMedia& release) {
    if (!release.only) captures_.erase(release.capture);
  }
  void check(const UseMedia& use) {
    for (const CaptureNumber capture : {use.picture, use.microphone}) {
      EXPECT_TRUE(capture == 0 || captures_.count(capture)) << "only what was not released";
    }
  }
  template <typename Other>
  void check(const Other&) {}

  std::set<ConnectionKey> open_;
  std::set<ConnectionKey> ever_;
  std::set<ConnectionKey> described_;
  std::vector<ConnectionKey> keys_;
  std::set<CaptureNumber> captures_;
  SocketNumber last_socket_ = 0;
};

/// The talkers whose picture a connection carries, whatever its way.
std::size_t watched_talkers(const WatchSession& session) {
  std::set<PeerId> talkers;
  for (const auto& [key, connection] : session.connections()) {
    if (!connection.is_replaced) talkers.insert(connection.of.value_or(key.peer));
  }
  return talkers.size();
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  /// The same numbers with every standard library, which std::uniform_int_distribution doesn't
  /// give.
  int below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned>(limit)); }
  template <typename Value>
  Value one_of(const std::vector<Value>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }

  PeerId peer() { return one_of<PeerId>({"a", "b", "c", "d"}); }
  std::optional<protocol::ConnectionId> connection(const Audit& audit) {
    if (below(3) == 0) return std::nullopt;
    return key(audit).generation;
  }
  ConnectionKey key(const Audit& audit) {
    if (audit.keys().empty() || below(8) == 0) {
      return {peer(), static_cast<Generation>(below(5))};
    }
    // usually a recent one
    const auto& keys = audit.keys();
    const int back = below(std::min<int>(4, static_cast<int>(keys.size())));
    return keys[keys.size() - 1 - static_cast<std::size_t>(back)];
  }

  protocol::Welcome welcome() {
    protocol::Welcome welcome;
    welcome.id = below(3) == 0 ? "me2" : "me";
    welcome.room = "lesson";
    welcome.resume = "t";
    welcome.talkers = {peer(), peer()};
    welcome.talkers_per_room = static_cast<std::uint32_t>(below(4));
    welcome.locked = below(4) == 0;
    if (below(2) == 0) welcome.forward = "always";
    return welcome;
  }

  protocol::Body body(const Audit& audit) {
    using namespace protocol;
    switch (below(20)) {
      case 0: return welcome();
      case 1: return TalkReady{below(2) == 0 ? std::optional(peer()) : std::nullopt, below(4) == 0};
      case 2:
      case 3:
        return TalkRequest{connection(audit), {}, {std::string(kForwardedCap)}, below(3) == 0};
      case 4:
        return TalkDeclined{one_of<DeclineReason>(
            {DeclineReason::full, DeclineReason::not_on_air, DeclineReason::failed})};
      case 5:
      case 6: return Offer{"offer", connection(audit)};
      case 7:
      case 8: return Answer{"answer", connection(audit)};
      case 9: return Candidate{"c", "0", 0, connection(audit)};
      case 10: return Bye{};
      case 11: return EndTalk{};
      case 12: return UserDisconnected{peer()};
      case 13: return Players{static_cast<std::uint32_t>(below(4))};
      case 14: return WatchingVia{peer(), {}, {std::string(kForwardedCap)}};
      case 15: return ChatMessages{{ChatLine{1, "n", "text"}, ChatMedia{}}};
      case 16: return ChatMessages{{ChatSay{"n", "text"}}};
      case 17: return UseForwarder{true};
      case 18: return AudienceReception{2, 1, 1, {{peer(), {Quality::poor, 80}}}};
      default: return Error{"no_such_peer", "x"};
    }
  }

  /// An input of both sessions.
  template <typename Input>
  Input common(const Audit& audit) {
    const SocketNumber socket =
        audit.last_socket() - (below(10) == 0 && audit.last_socket() > 0 ? 1 : 0);
    switch (below(28)) {
      case 24: return ChatOpened{key(audit)};
      case 25:
        return below(3) == 0 ? Input(ChatClosed{key(audit)}) : Input(ChatEntered{"", "line"});
      case 26:
      case 27:
        return ChatReceived{
            key(audit), one_of<ChatMessage>({protocol::ChatSay{"me", "line"}, ChatLine{1, "", "x"},
                                             protocol::ChatBegin{}, protocol::ChatMuted{true},
                                             protocol::ChatRemoved{1},
                                             protocol::ChatMedia{protocol::Sent::none}})};
      case 0: return below(5) == 0 ? Input(Woken{}) : Input(TimePassed{});
      case 1:
      case 2: return SocketOpened{socket};
      case 3: return SocketClosed{socket};
      case 4: return LocalDescriptionMade{key(audit), "sdp"};
      case 5:
      case 6: return RemoteDescriptionApplied{key(audit)};
      case 7:
        return StepFailed{key(audit),
                          one_of<Step>({Step::create_connection, Step::add_candidate,
                                        Step::make_local_description, Step::replace_tracks}),
                          "x"};
      case 8: return CandidateFound{key(audit), {}};
      case 9:
      case 10:
        return TransportChanged{
            key(audit),
            one_of<TransportState>({TransportState::connecting, TransportState::connected,
                                    TransportState::disconnected, TransportState::failed})};
      case 11: return ChannelOpened{key(audit)};
      case 12: return ChannelClosed{key(audit)};
      case 13: return TextReceived{key(audit), "text"};
      case 14: return TextEntered{"text"};
      default: {
        protocol::Message message{body(audit), std::nullopt, std::nullopt};
        if (below(20) != 0) message.from = peer();
        return MessageReceived{socket, message};
      }
    }
  }

 private:
  std::minstd_rand engine_;
};

/// No camera begins but the one that was shown last, or that the person has chosen since.
class CameraRule {
 public:
  void check(const TalkInput& input, const std::vector<TalkOutput>& outputs) {
    const auto* chosen = std::get_if<MediaChosen>(&input);
    const auto* failed = std::get_if<MediaFailed>(&input);
    if (std::holds_alternative<StartRequested>(input)) shown_.clear();
    if (chosen != nullptr) chosen_ = chosen->choice.camera;
    const bool any = shown_.empty() || (failed != nullptr && open_.count(failed->capture) > 0);
    for (const TalkOutput& output : outputs) {
      const auto* asked = std::get_if<AcquireMedia>(&output);
      if (asked == nullptr || asked->source == MediaSource::screen || !asked->picture) continue;
      const std::string& camera = asked->choice.camera;
      asked_[asked->capture] = camera;
      if (any) open_.insert(asked->capture);
      EXPECT_TRUE(any || camera == shown_ || camera == chosen_) << camera;
    }
    if (const auto* ready = std::get_if<MediaReady>(&input)) note_shown(*ready, outputs);
  }

 private:
  void note_shown(const MediaReady& ready, const std::vector<TalkOutput>& outputs) {
    const auto asked = asked_.find(ready.capture);
    for (const TalkOutput& output : outputs) {
      const auto* use = std::get_if<UseMedia>(&output);
      if (use == nullptr || use->picture != ready.capture || asked == asked_.end()) continue;
      shown_ = ready.camera.empty() ? asked->second : ready.camera;
    }
  }

  std::map<CaptureNumber, std::string> asked_;
  std::set<CaptureNumber> open_;  ///< requests that any camera may answer, and what follows them
  std::string shown_;
  std::string chosen_;
};

template <typename Session>
void expect_table_matches(const Session& session, const Audit& audit) {
  for (const ConnectionKey& key : audit.open()) {
    EXPECT_EQ(session.connections().latest_with(key.peer), key) << "what is open is in the table";
  }
}

TEST(RandomInputs, NeverBreakATalkSession) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Audit audit;
    CameraRule cameras;
    TalkOptions options;
    options.room = "lesson";
    options.max_viewers = 3;
    options.first_generation = 100;
    TalkSession session(options);
    TimePoint now{};
    audit.check(session.handle(Started{}, now));
    const auto input = [&]() -> TalkInput {
      const auto capture = static_cast<CaptureNumber>(random.below(4));
      const CaptureNumber likely =
          audit.captures().empty() || random.below(5) == 0 ? capture : *audit.captures().rbegin();
      const auto kind = random.below(2) == 0 ? DeviceKind::camera : DeviceKind::microphone;
      switch (random.below(28)) {
        case 24: return MediaMuted{likely, kind, random.below(2) == 0};
        case 25: return PermissionGranted{kind};
        case 26: return DevicesChanged{};
        case 27: return DevicesListed{{{kind, std::to_string(random.below(3)), ""}}};
        case 20:
          return MediaChosen{{std::to_string(random.below(3)), std::to_string(random.below(3)),
                              random.below(2) == 0 ? PictureSize::standard : PictureSize::large,
                              random.below(2) == 0 ? SoundMode::speech : SoundMode::music}};
        case 21: return StartRequested{MediaSource::screen};
        case 22: return StartRequested{MediaSource::camera, /*preview_only=*/true};
        case 23:
          return SendingMeasured{
              random.key(audit), {}, {static_cast<std::uint64_t>(random.below(1'000'000))}};
        case 0: return StartRequested{MediaSource::camera};
        case 1: return StopRequested{};
        case 2:
        case 3: return MediaReady{likely, {}, /*sound=*/false, std::to_string(random.below(3))};
        case 4:
        case 5: return PreviewReady{likely};
        case 6:
          return random.below(2) == 0
                     ? TalkInput(MediaFailed{
                           likely,
                           random.one_of<Notice>({Notice::no_camera, Notice::camera_in_use,
                                                  Notice::camera_refused, Notice::screen_refused})})
                     : TalkInput(OnAirRequested{});
        case 7:
          return random.below(4) == 0 ? TalkInput(MediaEnded{likely, kind})
                                      : TalkInput(TracksReplaced{random.key(audit)});
        default: return random.common<TalkInput>(audit);
      }
    };
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      now += Duration(random.below(1'000));
      const TalkInput next = input();
      const std::vector<TalkOutput> outputs = session.handle(next, now);
      audit.check(outputs);
      cameras.check(next, outputs);
      const std::vector<CaptureNumber> captures = session.captures();
      const auto* failed = std::get_if<MediaFailed>(&next);
      if (failed != nullptr && std::count(captures.begin(), captures.end(), failed->capture) == 0) {
        audit.failed(failed->capture);
      }
      EXPECT_LE(session.connections().size(), options.max_viewers);
      EXPECT_EQ(audit.open().size(), session.connections().size());
      expect_table_matches(session, audit);
      EXPECT_TRUE(session.on_air() || session.connections().empty());
      EXPECT_EQ(audit.captures(), std::set(captures.begin(), captures.end())) << "none leaks";
      EXPECT_TRUE(session.view().stage == TalkView::Stage::idle || !captures.empty())
          << "who is not idle has something, or asks for it";
    }
    audit.check(session.handle(LeaveRequested{}, now));
    EXPECT_TRUE(session.connections().empty());
    EXPECT_TRUE(audit.open().empty());
    EXPECT_TRUE(session.captures().empty());
    EXPECT_EQ(session.next_deadline(), std::nullopt);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(RandomInputs, NeverBreakAWatchSession) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Audit audit;
    WatchOptions options;
    options.room = "lesson";
    options.max_talkers = 2;
    WatchSession session(options);
    TimePoint now{};
    audit.check(session.handle(Started{}, now));
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      now += Duration(random.below(1'000));
      WatchInput input = random.common<WatchInput>(audit);
      if (random.below(20) == 0) input = RequestPressed{};
      if (random.below(20) == 0) input = TrackArrived{random.key(audit)};
      if (random.below(20) == 0) {
        ReceivingReport report;
        report.bytes = static_cast<std::uint64_t>(random.below(1'000'000));
        report.frames_decoded = static_cast<std::uint64_t>(random.below(2));
        input = ReceivingMeasured{random.key(audit), report};
      }
      audit.check(session.handle(input, now));
      EXPECT_LE(watched_talkers(session), options.max_talkers);
      EXPECT_EQ(audit.open().size(), session.connections().size());
      expect_table_matches(session, audit);
      EXPECT_FALSE(session.connections().empty() && session.stream_attached());
    }
    audit.check(session.handle(LeaveRequested{}, now));
    EXPECT_TRUE(session.connections().empty());
    EXPECT_TRUE(audit.open().empty());
    EXPECT_FALSE(session.stream_attached());
    EXPECT_EQ(session.next_deadline(), std::nullopt);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace onair::session
