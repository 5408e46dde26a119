// A session with a fake browser around it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/chat.hpp"
#include "protocol/codec.hpp"
#include "support/world.hpp"

namespace onair::tests {

/// Both ends of one WebSocket; the hub's link is the server's end.
class FakeSocket final : public rooms::Link {
 public:
  FakeSocket(std::function<void(std::string)> to_client,
             std::function<void(protocol::CloseCode)> closed)
      : to_client_(std::move(to_client)), closed_(std::move(closed)) {}

  void send(const rooms::Frame& frame) override { to_client_(std::string(frame->text())); }
  void close(protocol::CloseCode code) override { closed_(code); }
  rooms::SendQueue queue() const override { return {0, 1'048'576}; }

  bool open = true;

 private:
  std::function<void(std::string)> to_client_;
  std::function<void(protocol::CloseCode)> closed_;
};

/// A browser refuses to create more connections than this, if its garbage collector does not run.
inline constexpr std::size_t kMostCreated = 500;

/// `Derived` performs its side's own commands.
template <typename Derived, typename Session, typename Input, typename Output>
class SessionClient : public Client {
 public:
  SessionClient(World& world, std::string name, Session its_session)
      : session(std::move(its_session)), world_(world), name_(std::move(name)) {}

  Session session;
  std::set<session::Step> fail_next;        ///< steps whose next attempt fails
  bool forwarder_needs_turn = false;        ///< no other path leads there
  bool reaches_no_browser = false;          ///< no path leads to a talker's
  bool reaches_nobody = false;              ///< nor to the forwarder
  std::vector<protocol::Message> received;  ///< from the server, in order
  std::vector<std::string> texts;           ///< from data channels
  std::vector<Output> done;                 ///< every output, in order

  void feed(const Input& input) {
    if (has_crashed_) return;
    for (Output& output : session.handle(input, world_.now())) {
      done.push_back(output);
      std::visit([this](const auto& command) { derived().perform(command); }, output);
    }
  }

  const std::string& id() const { return id_; }

  template <typename Kind>
  std::size_t count_received() const {
    return static_cast<std::size_t>(std::count_if(
        received.begin(), received.end(),
        [](const auto& message) { return std::holds_alternative<Kind>(message.body); }));
  }

  template <typename Kind>
  std::size_t count_done() const {
    return static_cast<std::size_t>(std::count_if(done.begin(), done.end(), [](const auto& output) {
      return std::holds_alternative<Kind>(output);
    }));
  }

  /// Makes the transport of every connection report this state.
  void report_transport(session::TransportState state) {
    for (const auto& [key, number] : std::map(numbers_)) {
      feed(session::TransportChanged{key, state});
    }
    world_.settle();
  }

  void lose_socket() override { break_socket(rooms::Hub::Leaving::perhaps); }
  void leave() override { feed(session::LeaveRequested{}); }
  void crash() override {
    has_crashed_ = true;
    socket_number_ = 0;
    drop(std::exchange(socket_, nullptr), rooms::Hub::Leaving::perhaps);
    for (const auto& [key, number] : std::exchange(numbers_, {})) world_.lose_connection(number);
  }
  void pass_time() override { feed(session::TimePassed{}); }
  std::optional<TimePoint> next_deadline() const override {
    return has_crashed_ ? std::nullopt : session.next_deadline();
  }
  bool is_empty() const override {
    if (has_crashed_) return true;
    return session.connections().empty() && numbers_.empty() && !session.next_deadline();
  }

 protected:
  template <typename, typename, typename, typename>
  friend class SessionClient;

  Derived& derived() { return *static_cast<Derived*>(this); }
  bool has_forwarder() const { return world_.has_forwarder(); }

  void post(const std::string& lane, const std::string& label, std::function<void()> run) {
    world_.post(name_ + " " + lane, name_ + " " + label, std::move(run));
  }

  /// Posts an event of a connection; events of one kind stay in order.
  void post_input(const std::string& kind, const ConnectionKey& key, const std::string& label,
                  const Input& input) {
    post(kind + std::to_string(key.generation), label, [this, input] { feed(input); });
  }

  /// Posts a promise's outcome in a lane of its own, since promises overtake each other.
  void post_outcome(session::Step step, const ConnectionKey& key, const Input& success) {
    const bool fails = fail_next.erase(step) > 0;
    const std::string label(name_of(step));
    post(label + std::to_string(++outcomes_), label, [this, fails, step, key, success] {
      if (fails) {
        feed(session::StepFailed{key, step, "as the test wants"});
      } else {
        feed(success);
      }
    });
  }

  void perform(const session::OpenSocket& open) {
    socket_number_ = open.socket;
    const session::SocketNumber number = open.socket;
    if (!world_.server_is_up()) {
      post("socket", "socket refused", [this, number] { feed(session::SocketClosed{number}); });
      return;
    }
    post("socket", "socket opens", [this, number] {
      if (number != socket_number_) return;
      if (!world_.server_is_up()) return feed(session::SocketClosed{number});
      socket_ = std::make_shared<FakeSocket>(
          [this, number](const std::string& frame) { deliver(number, frame); },
          [this, number](protocol::CloseCode code) {
            post("down", "closed by server", [this, number, code] {
              if (number != socket_number_) return;
              break_socket(rooms::Hub::Leaving::for_good, static_cast<std::uint16_t>(code));
            });
          });
      feed(session::SocketOpened{number});
    });
  }

  void perform(const session::CloseSocket& close) {
    if (close.socket != socket_number_) return;
    post("up", "closes its socket",
         [socket = socket_, this] { drop(socket, rooms::Hub::Leaving::for_good); });
    socket_.reset();
    socket_number_ = 0;
  }

  void perform(const session::SendMessage& send) {
    ASSERT_NE(socket_, nullptr) << name_ << " sends without a socket";
    const std::string frame = protocol::encode(send.message);
    post("up", "-> " + std::string(type_of(send.message.body)), [this, socket = socket_, frame] {
      if (socket->open && world_.server_is_up()) {
        world_.hub().receive(*socket, frame, world_.now());
      }
    });
  }

  void perform(const session::CreateConnection& create) {
    ASSERT_TRUE(numbers_.find(create.key) == numbers_.end()) << "a key is used once";
    const bool refused = ++created_ > kMostCreated;
    if (fail_next.erase(session::Step::create_connection) > 0 || refused) {
      numbers_[create.key] = kNotMade;
      post("create", "create_connection", [this, key = create.key] {
        feed(session::StepFailed{key, session::Step::create_connection, "no more"});
      });
      return;
    }
    FakeConnection& made = world_.make_connection();
    numbers_[create.key] = made.number;
    const ConnectionKey key = create.key;
    made.misses_forwarder = reaches_nobody || (forwarder_needs_turn && !create.ice.turn_only);
    made.misses_browsers = reaches_nobody || reaches_no_browser;
    made.report_transport = [this, key](session::TransportState state) {
      post_input("transport", key, "transport " + std::string(name_of(state)),
                 session::TransportChanged{key, state});
    };
    made.report_channel_open = [this, key] {
      post_input("channel", key, "channel opens", session::ChannelOpened{key});
    };
    made.report_chat_open = [this, key] {
      post_input("chat", key, "chat opens", session::ChatOpened{key});
    };
    made.report_chat = [this, key](const std::string& frame) {
      const auto message = protocol::decode_chat(frame);
      ASSERT_TRUE(message.has_value()) << frame;
      post_input("chat", key, "chat arrives", session::ChatReceived{key, *message});
    };
    made.report_text = [this, key](std::string text) {
      post_input("channel", key, "text arrives", session::TextReceived{key, std::move(text)});
    };
  }

  void perform(const session::RememberToken& remember) { token = remember.token; }

  void perform(const session::RestartIce& restart) {
    FakeConnection* connection = find(restart.key);
    if (connection == nullptr) return;
    ++restarts;
    connection->has_candidate = false;
    connection->connected = false;
  }

  void perform(const session::RefreshIce& refresh) {
    FakeConnection* connection = find(refresh.key);
    if (connection != nullptr) ++refreshes;
  }

  void perform(const session::MakeLocalDescription& make) {
    FakeConnection* connection = find(make.key);
    if (connection == nullptr) return;
    const bool fails = fail_next.count(session::Step::make_local_description) > 0;
    if (!fails) connection->local_made = true;
    const std::string sdp =
        std::to_string(connection->number) + " " + std::to_string(connection->remote);
    post_outcome(session::Step::make_local_description, make.key,
                 session::LocalDescriptionMade{make.key, sdp});
    if (fails) return;
    const int number = connection->number;
    for (const bool end : {false, true}) {
      session::Candidate candidate;
      if (!end) candidate.candidate = "candidate of " + std::to_string(number);
      post_input("candidates", make.key, "candidate found",
                 session::CandidateFound{make.key, candidate});
    }
  }

  void perform(const session::ApplyRemoteDescription& apply) {
    FakeConnection* connection = find(apply.key);
    if (connection == nullptr) return;
    const bool fails = fail_next.count(session::Step::apply_remote_description) > 0;
    const int number = connection->number;
    post("apply" + std::to_string(number), "apply starts",
         [this, number, fails, sdp = apply.sdp, key = apply.key] {
           FakeConnection* applied = world_.find_connection(number);
           if (applied == nullptr) return;
           if (!fails) {
             // A later offer restarts the ICE of a connection that is there.
             if (applied->connected) applied->has_candidate = applied->connected = false;
             applied->remote = std::stoi(sdp);
             derived().remote_description_set(key);
             world_.connect_if_ready(number);
           }
           post_outcome(session::Step::apply_remote_description, key,
                        session::RemoteDescriptionApplied{key});
         });
  }

  void perform(const session::AddCandidate& add) {
    FakeConnection* connection = find(add.key);
    if (connection == nullptr) return;
    if (connection->remote == 0) {
      ADD_FAILURE() << name_ << " adds a candidate before the description";
      fail_next.insert(session::Step::add_candidate);
    }
    const bool fails = fail_next.count(session::Step::add_candidate) > 0;
    if (add.candidate.candidate && !fails) {
      EXPECT_EQ(*add.candidate.candidate, "candidate of " + std::to_string(connection->remote))
          << name_ << " takes a candidate of another connection";
      connection->has_candidate = true;
      world_.connect_if_ready(connection->number);
    }
    if (!add.candidate.candidate) ++ends_of_candidates;
    post_outcome(session::Step::add_candidate, add.key, session::CandidateAdded{add.key});
  }

  void perform(const session::CloseConnection& close) {
    const auto found = numbers_.find(close.key);
    ASSERT_TRUE(found != numbers_.end()) << name_ << " closes what it did not create";
    world_.close_connection(found->second);
    numbers_.erase(found);
  }

  void perform(const session::SendText& send) {
    FakeConnection* connection = find(send.key);
    ASSERT_NE(connection, nullptr);
    if (FakeConnection* other = world_.find_connection(connection->remote)) {
      other->report_text(send.text);
    }
  }

  void perform(const session::SendChat& send) {
    FakeConnection* connection = find(send.key);
    ASSERT_NE(connection, nullptr);
    if (FakeConnection* other = world_.find_connection(connection->remote)) {
      other->report_chat(protocol::encode_chat(send.message));
    }
  }

  void perform(const session::ShowChatLine& show) { chat.push_back(show); }
  void perform(const session::TakeChatLineAway& take) {
    std::erase_if(chat, [&take](const auto& shown) {
      return shown.host == take.host && shown.line.id == take.id;
    });
  }
  void perform(const session::ClearChat& clear) {
    std::erase_if(chat, [&clear](const auto& shown) { return shown.host == clear.host; });
  }
  void perform(const session::ShowChatRefused& refused) { refusals.push_back(refused.reason); }

  void perform(const session::ViewChanged&) {}
  void perform(const session::ShowText& show) { texts.push_back(show.text); }
  void perform(const session::Trace&) {}

 public:
  void say(std::string text, std::string name = {}) {
    feed(session::ChatEntered{std::move(name), std::move(text)});
  }

  /// True if frames come by this connection.
  bool has_frames(const ConnectionKey& key) const {
    const auto found = numbers_.find(key);
    return found != numbers_.end() && world_.carries_picture(found->second);
  }

  /// The texts on the page.
  std::vector<std::string> chat_texts() const {
    std::vector<std::string> lines;
    for (const auto& shown : chat) lines.push_back(shown.line.text);
    return lines;
  }

  std::vector<session::ShowChatLine> chat;  ///< lines on the page
  std::vector<session::ChatRefused::Reason> refusals;
  int restarts = 0;            ///< RestartIce commands
  int refreshes = 0;           ///< RefreshIce commands
  std::string token;           ///< stored by the page
  int ends_of_candidates = 0;  ///< AddCandidate commands with the end

 private:
  static constexpr int kNotMade = 0;

  /// Null if creating it failed; the session gets the event later.
  FakeConnection* find(const ConnectionKey& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) {
      ADD_FAILURE() << name_ << " commands a connection that it did not create or has closed";
      return nullptr;
    }
    return world_.find_connection(found->second);
  }

  void deliver(session::SocketNumber number, const std::string& frame) {
    const auto decoded = protocol::decode(frame);
    ASSERT_TRUE(std::holds_alternative<protocol::Message>(decoded)) << frame;
    const auto& message = std::get<protocol::Message>(decoded);
    post("down", "<- " + std::string(type_of(message.body)), [this, number, message] {
      if (number != socket_number_) return;
      received.push_back(message);
      if (const auto* welcome = std::get_if<protocol::Welcome>(&message.body)) id_ = welcome->id;
      feed(session::MessageReceived{number, message});
    });
  }

  void break_socket(rooms::Hub::Leaving leaving, std::uint16_t code = 1006) {
    if (socket_number_ == 0) return;
    const session::SocketNumber number = std::exchange(socket_number_, 0);
    drop(std::exchange(socket_, nullptr), leaving);
    feed(session::SocketClosed{number, code});
  }

  void drop(const std::shared_ptr<FakeSocket>& socket, rooms::Hub::Leaving leaving) {
    if (!socket || !std::exchange(socket->open, false)) return;
    if (world_.server_is_up()) world_.hub().disconnected(*socket, leaving, world_.now());
  }

  World& world_;
  std::string name_;
  std::string id_;
  std::shared_ptr<FakeSocket> socket_;
  session::SocketNumber socket_number_ = 0;
  std::map<ConnectionKey, int> numbers_;
  int outcomes_ = 0;
  std::size_t created_ = 0;  ///< connections
  bool has_crashed_ = false;
};

class Talker final
    : public SessionClient<Talker, session::TalkSession, session::TalkInput, session::TalkOutput> {
 public:
  using SessionClient::SessionClient;

  void start_video() { feed(session::StartRequested{session::MediaSource::camera}); }
  void start_screen() { feed(session::StartRequested{session::MediaSource::screen}); }
  void on_air() { feed(session::OnAirRequested{}); }
  void stop_video() { feed(session::StopRequested{}); }
  void say_text(std::string text) { feed(session::TextEntered{std::move(text)}); }

  session::TalkOptions options;  ///< of its page

  using Track = std::pair<session::CaptureNumber, session::DeviceKind>;
  std::set<Track> tracks;  ///< that run
  std::optional<session::Notice> refuse_media;
  session::EncoderReport encoder;  ///< report of every encoder
  std::map<ConnectionKey, session::SendLimits>
      limits;  ///< last sent to the browser, also of closed connections

 private:
  friend SessionClient;
  using SessionClient::perform;

  void perform(const session::AcquireMedia& acquire) {
    post("media" + std::to_string(acquire.capture), "media", [this, acquire] {
      if (refuse_media) return feed(session::MediaFailed{acquire.capture, *refuse_media});
      if (acquire.picture) tracks.insert({acquire.capture, session::DeviceKind::camera});
      if (acquire.microphone) tracks.insert({acquire.capture, session::DeviceKind::microphone});
      feed(session::MediaReady{acquire.capture});
    });
  }
  void perform(const session::UseMedia& use) {
    const auto runs = [this](session::CaptureNumber capture, session::DeviceKind kind) {
      return capture == 0 || tracks.count({capture, kind}) > 0;
    };
    EXPECT_TRUE(runs(use.picture, session::DeviceKind::camera)) << "only what was granted";
    EXPECT_TRUE(runs(use.microphone, session::DeviceKind::microphone)) << "only what was granted";
    if (use.picture == 0) return;
    post("media" + std::to_string(use.picture), "metadata",
         [this, use] { feed(session::PreviewReady{use.picture}); });
  }
  void perform(const session::ReleaseMedia& release) {
    std::erase_if(tracks, [&release](const Track& track) {
      return track.first == release.capture && release.only.value_or(track.second) == track.second;
    });
  }
  void perform(const session::ReplaceTracks& replace) {
    post_outcome(session::Step::replace_tracks, replace.key, session::TracksReplaced{replace.key});
  }
  void perform(const session::LimitSending& limit) {
    limits[limit.key] = limit.limits;
    post_outcome(session::Step::limit_sending, limit.key, session::SendingLimited{limit.key});
  }
  void perform(const session::MeasureSending& measure) {
    post("measure", "measured",
         [this, measure] { feed(session::SendingMeasured{measure.key, encoder}); });
  }
  void perform(const session::ListDevices&) {}
  void perform(const session::EnableTracks&) {}
  void remote_description_set(const ConnectionKey&) {}
};

class Watcher final : public SessionClient<Watcher, session::WatchSession, session::WatchInput,
                                           session::WatchOutput> {
 public:
  using SessionClient::SessionClient;

  void request() { feed(session::RequestPressed{}); }
  void say_text(std::string text) { feed(session::TextEntered{std::move(text)}); }
  session::WatchView::Picture picture() const { return session.view().picture; }

  std::optional<ConnectionKey> shown;  ///< the connection attached last
  std::set<ConnectionKey> all_shown;   ///< all attached connections
  int lost_of_100 = 0;                 ///< packets of the forwarder

 private:
  friend SessionClient;
  using SessionClient::perform;

  void perform(const session::MeasureReceiving& measure) {
    if (!has_forwarder()) return;
    session::ReceivingReport report;
    report.frames_decoded = report.sound_packets = has_frames(measure.key) ? 1 : 0;
    report.packets = packets_ += 100 - lost_of_100;
    report.packets_lost = packets_lost_ += lost_of_100;
    post_input("measure", measure.key, "measured", session::ReceivingMeasured{measure.key, report});
  }
  void perform(const session::AttachStream& show) {
    shown = show.key;
    all_shown.insert(show.key);
  }
  void perform(const session::SwitchStream& change) {
    ASSERT_EQ(all_shown.erase(change.from), 1u);
    ASSERT_TRUE(all_shown.insert(change.to).second);
    shown = change.to;
  }
  void perform(const session::DetachStream& clear) {
    ASSERT_EQ(all_shown.erase(clear.key), 1u);
    if (shown == clear.key) shown.reset();
  }
  void remote_description_set(const ConnectionKey& key) {
    post_input("track", key, "track arrives", session::TrackArrived{key});
  }

  int packets_ = 0;
  int packets_lost_ = 0;
};

// Instantiated once, in world.cpp, since a variant of commands is slow to compile.
extern template class SessionClient<Talker, session::TalkSession, session::TalkInput,
                                    session::TalkOutput>;
extern template class SessionClient<Watcher, session::WatchSession, session::WatchInput,
                                    session::WatchOutput>;

}  // namespace onair::tests
