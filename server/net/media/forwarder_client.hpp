// The connection with onair-forwarder over its Unix socket: requests, replies, events
// (server/sfu/control/CONTROL.md). Connects again whenever it is lost.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/schedule.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"
#include "sfu/control/control.hpp"

namespace onair::net {

/// Receives the forwarder's events. Called within the worker's tick.
class ForwarderHost {
 public:
  /// Connected, for the first time or again: all its peers.
  virtual void on_forwarder_connected(const std::vector<sfu::control::PeerInfo>& peers) = 0;
  /// The connection is lost, and all requests under way have failed. The forwarder may live.
  virtual void on_forwarder_lost() = 0;
  /// Its process has ended, and all its peers with it. Follows on_forwarder_lost(), and comes
  /// before on_forwarder_connected() for the next process.
  virtual void on_forwarder_died() = 0;
  virtual void on_forwarder_event(const sfu::control::Event& event) = 0;
  /// It speaks another version of the protocol, and is not used. Comes with each try to connect.
  virtual void on_forwarder_mismatched() = 0;
  /// Another server uses it. Comes with each try to connect, until that server has ended.
  virtual void on_forwarder_in_use() = 0;

 protected:
  ~ForwarderHost() = default;
};

/// Everything is used on the worker's thread.
class ForwarderClient {
 public:
  /// Nothing: the forwarder is away, or took too long.
  using Result = std::optional<sfu::control::Reply>;
  using Done = std::function<void(const Result&)>;

  /// The worker and the host outlive its io_context's run. Throws boost::system::system_error where
  /// the path is longer than a socket's may be.
  ForwarderClient(Worker& worker, const std::filesystem::path& socket, ForwarderHost& host);

  void start();

  /// True from ForwarderHost::on_forwarder_connected on, until the connection is lost.
  bool is_here() const { return here_; }

  /// Calls `done` once, within the worker's tick and never before this returns.
  void request(sfu::control::Request request, Done done);
  /// Closes a peer of its, surely: where the forwarder is away, as soon as it is back. A request
  /// that failed may have made the peer all the same.
  void close(const sfu::control::PeerId& peer);

 private:
  using Local = asio::local::stream_protocol;
  using Socket = asio::basic_stream_socket<Local, Executor>;

  Task<void> run();
  Task<void> serve();
  void greet();
  void list_more();
  void take_page(const sfu::control::Page<sfu::control::PeerInfo>& page);
  void close_again();
  void note_instance(const std::string& instance);
  void note_death();
  void keep_up(const sfu::control::Event& event);
  void submit(sfu::control::Request request, Done done);
  bool send(sfu::control::RequestId id, sfu::control::Request request);
  void take(std::string_view line);
  void finish(sfu::control::RequestId id, const Result& result);
  void lost();
  void hang_up();
  void write();
  void await_deadline();

  Worker& worker_;
  const Local::endpoint endpoint_;
  ForwarderHost& host_;
  std::shared_ptr<Socket> socket_;  ///< of this connection; a write holds its own
  std::uint32_t connection_ = 0;    ///< its number, so that a late write of an earlier one is known
  bool here_ = false;
  bool writing_ = false;
  std::string out_;                             ///< waits to be written
  std::vector<sfu::control::PeerInfo> listed_;  ///< until all pages of the list have come
  sfu::control::PeerId last_listed_;
  sfu::control::RequestId last_id_ = 0;
  std::string instance_;  ///< the process that was here last; empty: none, or it is dead
  std::map<sfu::control::RequestId, Done> pending_;
  std::map<sfu::control::RequestId, sfu::control::PeerId> closing_;  ///< not yet confirmed
  std::set<sfu::control::PeerId> unclosed_;            ///< to be closed when the forwarder is back
  base::Schedule<sfu::control::RequestId> deadlines_;  ///< of these
  Timer timer_;
  std::chrono::milliseconds pause_;
};

}  // namespace onair::net
