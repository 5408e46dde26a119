// Talkers, watchers and the server's core in one process, without network, browser or clock. Each
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
#include "session/talk/talk_session.hpp"
#include "session/watch/watch_session.hpp"

namespace onair::tests {

using session::ConnectionKey;
using session::Duration;
using session::TimePoint;

/// Resume tokens that contain the peer in clear.
class PlainTokens final : public rooms::ResumeTokens {
 public:
  std::string issue(const rooms::Identity& identity) override;
  std::optional<rooms::Resumption> redeem(std::string_view token, std::string_view room,
                                          protocol::Role role) override;
  /// Age of every redeemed token.
  rooms::Duration age{};
};

class World;

/// A browser's RTCPeerConnection. Two connect once each has the other's description and at least
/// one of its candidates, as over a real network.
struct FakeConnection {
  int number = 0;
  int remote = 0;  ///< the other end's number, once its description was applied
  bool local_made = false;
  bool has_candidate = false;
  bool connected = false;
  bool is_forwarders = false;
  bool misses_forwarder = false;  ///< gets no path to it
  bool misses_browsers = false;   ///< gets no path to any
  std::string name;               ///< for labels
  std::function<void(session::TransportState)> report_transport;
  std::function<void()> report_channel_open;
  std::function<void(std::string)> report_text;
  std::function<void()> report_chat_open;
  std::function<void(const std::string&)> report_chat;
  std::function<void()> report_closed;  ///< of the other end, where this one is told
};

/// How a page ends.
enum class PageEnd {
  closed,   ///< it says goodbye
  crashed,  ///< it says nothing, and nothing comes from it any more
};

/// Interface of both kinds of client.
class Client {
 public:
  virtual ~Client() = default;

  /// Cuts this client's socket, as by the network or a server that vanished.
  virtual void lose_socket() = 0;
  virtual void leave() = 0;
  /// Its page crashes.
  virtual void crash() {}
  virtual void pass_time() = 0;
  virtual std::optional<TimePoint> next_deadline() const = 0;
  /// True if neither session nor browser has a connection left.
  virtual bool is_empty() const = 0;
};

class World {
 public:
  /// `forward` is the operator's `--forward`; nothing: there is no forwarder.
  explicit World(std::size_t talkers_per_room = 1, std::optional<std::string> forward = {});

  class Talker& add_talker(session::TalkOptions options = {});
  class Watcher& add_watcher(session::WatchOptions options = {});
  /// The page ends, and is loaded again by whoever it was.
  class Talker& reload(class Talker& talker, PageEnd end);
  class Watcher& reload(class Watcher& watcher, PageEnd end);

  /// Runs actions, in order within each lane, until none is left. Fails the test if they never end.
  void settle();

  /// Chooses the next action at random among the lanes from now on.
  void shuffle(std::uint32_t seed) { random_.emplace(seed); }

  /// Runs so many actions at most, and lets time pass where none is left, for seconds at most.
  void run_some(int steps);

  /// Advances time from deadline to deadline, and settles after each.
  void pass(Duration duration);

  /// Holds back every action whose label contains this text, until `release`.
  void hold(std::string part_of_label) { held_labels_.push_back(std::move(part_of_label)); }
  void release();

  /// Kills the server: every socket breaks, its state is lost, and nobody can enter until
  /// `start_server`. The forwarder lives on unless it ends too.
  void kill_server(bool with_forwarder = false);
  void start_server();

  /// Breaks the network between all browsers: every connected pair reports this state.
  void break_transports(session::TransportState state);

  /// Makes everyone leave, and expects every table to be empty.
  void expect_empty_after_all_left();

  rooms::Hub& hub() { return *hub_; }
  std::size_t talkers_per_room() const { return talkers_per_room_; }
  bool has_forwarder() const { return forwarder_ != nullptr; }
  class Forwarder& forwarder() { return *forwarder_; }
  TimePoint now() const { return now_; }

  // For the clients.
  void post(std::string lane, std::string label, std::function<void()> run);
  bool server_is_up() const { return hub_ != nullptr; }
  FakeConnection* find_connection(int number);
  FakeConnection& make_connection();
  void close_connection(int number);
  /// The connection's browser has crashed: the other end finds out by itself.
  void lose_connection(int number);
  /// True if frames come by this connection.
  bool carries_picture(int number);
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
  void run_next();
  /// False where nothing is due until then.
  bool advance_to_next_deadline(TimePoint end);

  PlainTokens tokens_;
  std::size_t talkers_per_room_;
  std::optional<std::string> forward_;
  class Forwarder* forwarder_ = nullptr;
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
