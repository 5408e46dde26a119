// The server as a whole: pages, workers with their hubs, and the listener.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>

#include "net/admin/admin.hpp"
#include "net/auth/entry_tokens.hpp"
#include "net/auth/signed_resume_tokens.hpp"
#include "net/http/server_context.hpp"
#include "net/listen/listener.hpp"
#include "net/loop/worker.hpp"
#include "net/media/forwarder_process.hpp"
#include "net/media/media.hpp"
#include "net/nats/cluster_node.hpp"
#include "options.hpp"

namespace onair {

class Server {
 public:
  /// Reads the pages and listens. Throws std::runtime_error with a sentence for people.
  explicit Server(const Options& options);

  std::uint16_t port() const { return listener_->port(); }
  /// 0 where there is none.
  std::uint16_t admin_port() const { return admin_ ? admin_->port() : std::uint16_t{0}; }

  /// Serves on this thread and others until `stop`. SIGTERM and SIGINT drain first, a second one
  /// stops at once; SIGHUP reads the certificate again.
  void run();

  /// True where a defect of ours ended it.
  bool has_failed() const { return failed_; }

  /// From any thread: ends at once.
  void stop();

  /// From any thread: lets nobody new in, tells clients to come back later (close code 1012), and
  /// ends when they have gone, at the latest after the drain time.
  void drain();

  /// From any thread: reads the certificate again, for new connections. Keeps the one that it has
  /// where that can't be done, and says so in the log.
  void reload_certificate();

 private:
  void fail();
  bool ends_forwarder() const;
  void use_forwarder(const std::string& room, const protocol::PeerId& talker, bool on,
                     const std::string& address);
  net::Task<void> drain_and_stop();
  void await_signal();

  std::chrono::milliseconds drain_time_;
  std::atomic<bool> failed_ = false;
  net::SignedResumeTokens tokens_;
  net::EntryTokens entry_tokens_;
  net::ServerContext context_;
  net::Workers workers_;
  std::unique_ptr<net::ClusterNode> cluster_;  ///< nothing: this process is alone
  std::unique_ptr<net::Media> media_;  ///< nothing: no WHIP and no WHEP. Ends before its worker
  std::unique_ptr<net::ForwarderProcess> forwarder_;  ///< nothing: none that we start
  std::unique_ptr<net::Listener> listener_;
  std::optional<net::Admin> admin_;
  std::unique_ptr<boost::asio::signal_set> signals_;
};

}  // namespace onair
