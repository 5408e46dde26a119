// A thread of the server: its connections, its hub, and its end of the bus.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/loop/aliases.hpp"
#include "net/loop/handshakes.hpp"
#include "net/loop/limits.hpp"
#include "net/loop/tick.hpp"
#include "net/loop/waiting_connections.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "socketio/translation.hpp"

namespace onair::net {

class SocketioSession;

/// An object that its own pending operations own: a cycle, which the end of the operations breaks,
/// and nothing else.
class SelfOwned {
 public:
  /// Ends the operations. Only when the worker's io_context runs no more.
  virtual void break_ownership_cycle() = 0;

 protected:
  ~SelfOwned() = default;
};

/// A client's connection as its worker sees it.
class ClientLink : public rooms::Link, public SelfOwned {
 public:
  /// The worker's to write: a number that no other connection of this worker has or had.
  std::uint64_t number = 0;

  /// True for a client of socket.io without a WebSocket.
  virtual bool is_polling() const { return false; }

  /// True for an encoder, a player or the forwarder, which have no connection of their own here.
  virtual bool is_media() const { return false; }

 protected:
  ~ClientLink() = default;
};

/// A worker's numbers, for an operator.
struct WorkerReport {
  rooms::Census census;
  rooms::Counters counters;
  std::size_t clients = 0;
  std::size_t polling = 0;  ///< of those, without a WebSocket
  std::size_t media = 0;    ///< of those, without a connection of their own
  std::size_t queue_bytes = 0;
  std::uint64_t slow_consumers = 0;  ///< cut off since the start
  std::uint64_t never_entered = 0;
};

/// Gives the hub the time and the news of others, and wakes it when it has something to do. Apart
/// from `context`, everything is used on the worker's own thread.
class Worker {
 public:
  /// `members` are on the hubs' bus; of these, `gateway` is no worker.
  Worker(rooms::HubId self, rooms::HubId members, std::optional<rooms::HubId> gateway,
         rooms::ThreadBus::Post post, rooms::HubOptions options, const Limits& limits);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Its number among the workers.
  rooms::HubId self() const { return self_; }
  asio::io_context& context() { return context_; }
  Tick& tick() { return tick_; }
  Handshakes& handshakes() { return handshakes_; }
  WaitingConnections& waiting_tls_connections() { return waiting_tls_connections_; }
  const Limits& limits() const { return limits_; }

  /// Sessions of socket.io's clients, by sid.
  std::unordered_map<std::string, std::shared_ptr<SocketioSession>> socketio_sessions;
  socketio::Translator translator;

  /// Registers a connection that is no ClientLink, as a WebSocket that carries a socket.io session,
  /// until `release`. The end of the worker breaks the ownership cycles of those that are left.
  void keep(SelfOwned& connection) { kept_.insert(&connection); }
  void release(SelfOwned& connection) { kept_.erase(&connection); }

  /// Holds the link until it is disconnected: so nobody who is told of it here, as the hub, ever
  /// has one that is gone, whatever throws in the meantime.
  void connected(std::shared_ptr<ClientLink> link);
  void receive(rooms::Link& link, std::string_view frame);
  void refuse(rooms::Link& link, const protocol::Refusal& refusal) { hub_.refuse(link, refusal); }
  /// The caller holds the link.
  void disconnected(ClientLink& link, rooms::Hub::Leaving leaving);

  // For clients of other protocols than ours, as rooms::Hub has it:
  void enter(rooms::Link& link, const rooms::EntryRequest& request);
  void send(rooms::Link& link, const protocol::Envelope& envelope, std::string_view object);
  bool spend(rooms::Link& link, std::size_t bytes);
  /// The link stays, in no room.
  void leave(rooms::Link& link);

  /// For Link::address; null for no text.
  std::shared_ptr<rooms::ClientAddress> address_of(const std::string& text) {
    return addresses_.of(text);
  }

  void count_slow_consumer() { ++slow_consumers_; }
  void count_refused(protocol::ErrorCode code) { hub_.count_refused(code); }

  /// Calls `function` in a tick, and hands over to the other workers what it has to say to their
  /// clients: they get it before whatever is posted to them next.
  template <typename Function>
  void run_and_hand_over(Function&& function) {
    tick_.run(std::forward<Function>(function));
    bus_.flush();
  }

  /// A batch from another worker's bus.
  void deliver(rooms::HubId from, rooms::ThreadBus::Batch batch);

  /// Tells every client to come back, here or elsewhere: those who are there, and those whose
  /// admission was under way.
  void send_all_off();

  WorkerReport report() const;
  std::vector<rooms::RoomReport> rooms() const { return hub_.rooms(); }
  /// False where this worker has no such room, or no such peer in it.
  bool end_room(const std::string& room);
  bool remove_peer(const std::string& room, const protocol::PeerId& peer);

  // As rooms::Hub has it:
  void await_forwarder(bool awaits) { hub_.await_forwarder(awaits); }
  bool is_removed(const std::string& room, const protocol::PeerId& peer) const {
    return hub_.is_removed(room, peer);
  }

 private:
  struct Newcomer {
    rooms::TimePoint until;
    std::uint64_t number;
  };

  std::vector<std::shared_ptr<ClientLink>> links() const;
  void send_off(ClientLink& link);
  void after_news();
  void advance();
  void drop_those_who_never_entered(rooms::TimePoint now);

  rooms::HubId self_;
  // Sessions end with the context that runs them, and still need what stands before it.
  const Limits& limits_;
  Tick tick_{context_};
  Handshakes handshakes_;
  WaitingConnections waiting_tls_connections_;
  rooms::ClientAddresses addresses_;
  rooms::ThreadBus bus_;
  rooms::Hub hub_;
  std::map<std::uint64_t, std::shared_ptr<ClientLink>> links_;  ///< by number
  std::uint64_t last_number_ = 0;
  std::set<SelfOwned*> kept_;
  std::deque<Newcomer> newcomers_;  ///< by time; also those who have entered since
  std::uint64_t slow_consumers_ = 0;
  std::uint64_t never_entered_ = 0;
  bool sends_all_off_ = false;
  asio::io_context context_{1};
  Timer timer_{context_};
  std::optional<rooms::TimePoint> wake_at_;  ///< what the timer is set to
};

using Workers = std::vector<std::unique_ptr<Worker>>;

}  // namespace onair::net
