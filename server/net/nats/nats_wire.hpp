// The wire of a cluster over NATS (https://nats.io), by its C client. It connects again by itself
// for as long as it lives, also after NATS has refused it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/wire.hpp"

typedef struct __natsConnection natsConnection;      // NOLINT: as in nats.h
typedef struct __natsSubscription natsSubscription;  // NOLINT
typedef struct __natsOptions natsOptions;            // NOLINT
typedef struct __natsMsg natsMsg;                    // NOLINT

namespace onair::net {

struct NatsOptions {
  std::string servers;    ///< nats:// or tls:// URLs with commas between them; empty: no cluster
  std::string user = {};  ///< empty: none, or in the URL
  std::string password = {};
  std::string token = {};
  std::filesystem::path credentials = {};  ///< a .creds file, as nsc makes it
  std::filesystem::path ca = {};  ///< PEM: who vouches for the servers; empty: the system's
  std::filesystem::path certificate = {};  ///< PEM: our own, where the servers ask for one
  std::filesystem::path key = {};
  /// Bytes received that may wait to be handled. More is dropped, and then everything is taken up
  /// anew, as after an outage.
  std::size_t most_queued_bytes = 67'108'864;
};

class Inbox;

/// Closed with the last that holds it.
using NatsConnection = std::shared_ptr<natsConnection>;

class NatsWire final : public cluster::Wire {
 public:
  /// `member` is called on `context`, and both outlive this. Throws std::runtime_error with a
  /// sentence for people where the options can't be used; a server that is not there is no error.
  NatsWire(const NatsOptions& options, boost::asio::io_context& context,
           cluster::WireMember& member);
  ~NatsWire();
  NatsWire(const NatsWire&) = delete;
  NatsWire& operator=(const NatsWire&) = delete;

  void subscribe(const std::string& subject) override;
  void unsubscribe(const std::string& subject) override;
  void publish(const std::string& subject, std::string_view payload,
               const std::string& reply) override;

  /// From any thread: the connection as it is now. It becomes another after NATS has refused us.
  NatsConnection connection() const;

  /// Returns when what was published has gone out, or after a second.
  void flush();

 private:
  void set(const NatsOptions& options);
  void open();
  void reopen_after_pause(const std::string& error);
  void subscribe_at_server(const std::string& subject);
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* inbox);
  static void on_connected(natsConnection*, void* inbox);
  static void on_disconnected(natsConnection*, void* inbox);
  static void on_closed(natsConnection* connection, void* inbox);

  Inbox& inbox_;
  std::unique_ptr<natsOptions, void (*)(natsOptions*)> options_;
  boost::asio::steady_timer pause_;
  mutable std::mutex mutex_;
  NatsConnection connection_;  ///< guarded by the mutex where it changes
  using Subscription = std::unique_ptr<natsSubscription, void (*)(natsSubscription*)>;
  std::map<std::string, Subscription> subscriptions_;  ///< by subject
};

}  // namespace onair::net
