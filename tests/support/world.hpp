// Talkers, watchers and the relay in one process, without a network, a browser or a clock: every
// event is an action in one queue, which a test can run to the end, hold back in parts, or shuffle.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "session/talk_session.hpp"
#include "session/watch_session.hpp"

namespace onair::tests {

using session::ConnectionKey;
using session::Duration;
using session::TimePoint;

/// Tokens that name the peer in clear.
class PlainTokens final : public rooms::ResumeTokens {
 public:
  std::string issue(const rooms::Identity& identity) override;
  std::optional<rooms::Resumption> redeem(std::string_view token, std::string_view room,
                                          protocol::Role role) override;
  /// Of all that are redeemed.
  rooms::Duration age{};
};

class World;

/// What a browser keeps of one RTCPeerConnection. Two of them are connected when each has the
/// other's description and at least one candidate of the other, as over a real network.
struct FakeConnection {
  int number = 0;
  int remote = 0;  ///< the number of the other end, once its description was applied
  bool local_made = false;
  bool has_candidate = false;
  bool connected = false;
  std::string name;  ///< for labels
  std::function<void(session::TransportState)> report_transport;
  std::function<void()> report_channel_open;
  std::function<void(std::string)> report_text;
  std::function<void()> report_chat_open;
  std::function<void(const std::string&)> report_chat;
};

/// What both kinds of client have, whatever session they run.
class Client {
 public:
  virtual ~Client() = default;

  /// The server's end of this client's socket vanished, or the network cut it.
  virtual void lose_socket() = 0;
  virtual void leave() = 0;
  virtual void pass_time() = 0;
  virtual std::optional<TimePoint> next_deadline() const = 0;
  /// Whether nothing is left of any connection, in the session or in the browser.
  virtual bool is_empty() const = 0;
};

class World {
 public:
  explicit World(std::size_t talkers_per_room = 1);

  class Talker& add_talker(session::TalkOptions options = {});
  class Watcher& add_watcher(session::WatchOptions options = {});

  /// Runs actions, each in the order of its lane, until none is left. Fails the test where they
  /// never end.
  void settle();

  /// From now on the next action is chosen at random among the lanes.
  void shuffle(std::uint32_t seed) { random_.emplace(seed); }

  /// Lets time pass, in steps from deadline to deadline, and settles after each.
  void pass(Duration duration);

  /// Keeps back every action whose label contains this, until `release`.
  void hold(std::string part_of_label) { held_labels_.push_back(std::move(part_of_label)); }
  void release();

  /// The server dies: every socket breaks, all that it knew is forgotten, and nobody gets in until
  /// `start_server`.
  void kill_server();
  void start_server();

  /// The network between all browsers breaks: every connected pair reports this.
  void break_transports(session::TransportState state);

  /// Everyone leaves; then nothing may be left anywhere.
  void expect_empty_after_all_left();

  rooms::Hub& hub() { return *hub_; }
  TimePoint now() const { return now_; }

  // For the clients.
  void post(std::string lane, std::string label, std::function<void()> run);
  bool server_is_up() const { return hub_ != nullptr; }
  FakeConnection* find_connection(int number);
  FakeConnection& make_connection();
  void close_connection(int number) { connections_.erase(number); }
  std::size_t open_connections() const { return connections_.size(); }
  void connect_if_ready(int number);

 private:
  struct Action {
    std::string lane;
    std::string label;
    std::function<void()> run;
  };

  bool is_held(const std::string& label) const;
  Action take_next();

  PlainTokens tokens_;
  std::size_t talkers_per_room_;
  int last_id_ = 0;
  rooms::ThreadBus bus_{0, 1, nullptr};
  std::unique_ptr<rooms::Hub> hub_;
  TimePoint now_{};
  std::deque<Action> actions_;
  std::vector<Action> held_;
  std::vector<std::string> held_labels_;
  std::optional<std::minstd_rand> random_;
  std::map<int, FakeConnection> connections_;
  int last_connection_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace onair::tests
