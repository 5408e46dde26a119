// The wire of a cluster over NATS (https://nats.io), by its C client. It connects again by itself
// for as long as it lives.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

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
};

class NatsWire final : public cluster::Wire {
 public:
  /// `member` hears on `context`, and both outlive this. Throws std::runtime_error with a sentence
  /// for people where the options can't be used; a server that is not there is no error.
  NatsWire(const NatsOptions& options, boost::asio::io_context& context,
           cluster::WireMember& member);
  ~NatsWire();
  NatsWire(const NatsWire&) = delete;
  NatsWire& operator=(const NatsWire&) = delete;

  void subscribe(const std::string& subject) override;
  void unsubscribe(const std::string& subject) override;
  void publish(const std::string& subject, std::string_view payload,
               const std::string& reply) override;

  natsConnection* connection() const { return connection_; }

  /// Returns when what was published has gone out, or after a second.
  void flush();

 private:
  /// What the library's threads know of a wire. It outlives the wire, since they may be late.
  struct Ear;

  void set(const NatsOptions& options);
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* ear);
  static void on_connected(natsConnection*, void* ear);
  static void on_disconnected(natsConnection*, void* ear);

  Ear& ear_;
  std::unique_ptr<natsOptions, void (*)(natsOptions*)> options_;
  natsConnection* connection_ = nullptr;
  std::map<std::string, natsSubscription*> subscriptions_;
};

}  // namespace onair::net
