#include "net/nats/nats_wire.hpp"

#include <chrono>
#include <deque>
#include <mutex>
#include <nats/nats.h>
#include <stdexcept>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "net/nats/inbox.hpp"
#include "protocol/text.hpp"

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kReconnectWait = 250;  // ms
constexpr std::int64_t kConnectTimeout = 2'000;
constexpr std::int64_t kPingInterval = 2'000;
constexpr int kMaxPingsOut = 2;

/// Cost of a message beyond its text, in bytes.
constexpr std::size_t kMessageBytes = 256;

constexpr std::int64_t kFlushTimeout = 1'000;

/// The library gives up a connection that NATS refused twice; after this it is made anew.
constexpr std::chrono::seconds kPauseAfterRefusal{2};

void check(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return;
  throw std::runtime_error(what + " can't be used: " + natsStatus_GetText(status) + ".");
}

/// The library's threads call back after the wire is gone, and also while the process ends: an
/// inbox is never freed, not even by the end of the process.
Inbox& make_inbox(boost::asio::io_context& context, cluster::WireMember& member,
                  std::size_t most_bytes) {
  static std::mutex mutex;
  static auto* const all = new std::deque<Inbox>;
  const std::lock_guard lock(mutex);
  return all->emplace_back(context, member, most_bytes);
}

}  // namespace

NatsWire::NatsWire(const NatsOptions& options, boost::asio::io_context& context,
                   cluster::WireMember& member)
    : inbox_(make_inbox(context, member, options.most_queued_bytes)),
      options_(nullptr, &natsOptions_Destroy),
      pause_(context) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "NATS");
  options_.reset(made);
  inbox_.on_closed([this](const std::string& error) { reopen_after_pause(error); });
  set(options);
  open();
}

/// Without a server it goes on trying by itself.
void NatsWire::open() {
  natsConnection* made = nullptr;
  const natsStatus status = natsConnection_Connect(&made, options_.get());
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
    natsConnection_Destroy(made);
    // URLs may hold a password.
    check(status, "--bus");
  }
  {
    const std::lock_guard lock(mutex_);
    connection_ = NatsConnection(made, &natsConnection_Destroy);
  }
  for (auto& [subject, subscription] : subscriptions_) subscribe_at_server(subject);
  if (status == NATS_OK) {
    on_connected(made, &inbox_);
  } else {
    spdlog::warn("event=bus_away action=retry");
  }
}

void NatsWire::reopen_after_pause(const std::string& error) {
  spdlog::warn("event=bus_refused error=\"{}\" action=retry", error);
  pause_.expires_after(kPauseAfterRefusal);
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    try {
      open();
    } catch (const std::exception& refused) {
      reopen_after_pause(refused.what());
    }
  });
}

NatsConnection NatsWire::connection() const {
  const std::lock_guard lock(mutex_);
  return connection_;
}

void NatsWire::set(const NatsOptions& options) {
  natsOptions* const made = options_.get();
  std::vector<std::string> servers;
  for (const std::string_view server : protocol::split(options.servers, ',')) {
    if (!server.empty()) servers.emplace_back(server);
  }
  std::vector<const char*> urls;
  urls.reserve(servers.size());
  for (const std::string& server : servers) urls.push_back(server.c_str());
  check(natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size())), "--bus");
  natsOptions_SetName(made, "onair");
  natsOptions_SetNoEcho(made, true);
  // A single thread hands messages over, in their order.
  natsOptions_UseGlobalMessageDelivery(made, true);
  natsOptions_SetTimeout(made, kConnectTimeout);
  natsOptions_SetPingInterval(made, kPingInterval);
  natsOptions_SetMaxPingsOut(made, kMaxPingsOut);
  natsOptions_SetMaxReconnect(made, -1);
  natsOptions_SetReconnectWait(made, kReconnectWait);
  natsOptions_SetRetryOnFailedConnect(made, true, &on_connected, &inbox_);
  natsOptions_SetReconnectedCB(made, &on_connected, &inbox_);
  natsOptions_SetDisconnectedCB(made, &on_disconnected, &inbox_);
  natsOptions_SetClosedCB(made, &on_closed, &inbox_);
  if (!options.user.empty()) {
    natsOptions_SetUserInfo(made, options.user.c_str(), options.password.c_str());
  }
  if (!options.token.empty()) natsOptions_SetToken(made, options.token.c_str());
  if (!options.credentials.empty()) {
    check(natsOptions_SetUserCredentialsFromFiles(made, options.credentials.c_str(), nullptr),
          "--bus-creds");
  }
  if (!options.ca.empty()) {
    check(natsOptions_LoadCATrustedCertificates(made, options.ca.c_str()), "--bus-ca");
  }
  if (!options.certificate.empty()) {
    check(natsOptions_LoadCertificatesChain(made, options.certificate.c_str(), options.key.c_str()),
          "--bus-cert");
  }
}

NatsWire::~NatsWire() {
  inbox_.close();
}

void NatsWire::on_message(natsConnection*, natsSubscription*, natsMsg* message, void* inbox) {
  const auto text = [](const char* c) { return std::string(c == nullptr ? "" : c); };
  std::string subject = text(natsMsg_GetSubject(message));
  const bool nobody = natsMsg_IsNoResponders(message);
  std::string payload(natsMsg_GetData(message) == nullptr ? "" : natsMsg_GetData(message),
                      static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  std::string reply = text(natsMsg_GetReply(message));
  natsMsg_Destroy(message);
  const std::size_t bytes = subject.size() + payload.size() + reply.size() + kMessageBytes;
  static_cast<Inbox*>(inbox)->post(
      bytes, [nobody, subject = std::move(subject), payload = std::move(payload),
              reply = std::move(reply)](cluster::WireMember& member) {
        if (nobody) return member.on_no_subscriber(subject, Clock::now());
        member.on_message(subject, payload, reply, Clock::now());
      });
}

// The member's thread writes to the log: a library's thread may run after the log is gone.
void NatsWire::on_connected(natsConnection*, void* inbox) {
  static_cast<Inbox*>(inbox)->post(0, [](cluster::WireMember& member) {
    spdlog::info("event=bus_connected");
    member.connected(Clock::now());
  });
}

void NatsWire::on_disconnected(natsConnection*, void* inbox) {
  static_cast<Inbox*>(inbox)->post(0, [](cluster::WireMember& member) {
    spdlog::warn("event=bus_away action=retry");
    member.disconnected();
  });
}

void NatsWire::on_closed(natsConnection* connection, void* inbox) {
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  static_cast<Inbox*>(inbox)->post_closed(text == nullptr ? "" : text);
}

void NatsWire::subscribe(const std::string& subject) {
  if (!cluster::is_subscription(subject)) return spdlog::error("event=bus_bad_subject action=drop");
  subscriptions_.try_emplace(subject, nullptr, &natsSubscription_Destroy);
  subscribe_at_server(subject);
}

void NatsWire::subscribe_at_server(const std::string& subject) {
  natsSubscription* made = nullptr;
  const natsStatus status =
      natsConnection_Subscribe(&made, connection_.get(), subject.c_str(), &on_message, &inbox_);
  if (status != NATS_OK) {
    spdlog::error("event=bus_subscribe_failed error=\"{}\"", natsStatus_GetText(status));
    return;
  }
  // The inbox has the bound: what the library hands over is in its queue at once.
  natsSubscription_SetPendingLimits(made, -1, -1);
  subscriptions_.at(subject).reset(made);
}

void NatsWire::unsubscribe(const std::string& subject) {
  const auto found = subscriptions_.find(subject);
  if (found == subscriptions_.end()) return;
  if (found->second) natsSubscription_Unsubscribe(found->second.get());
  subscriptions_.erase(found);
}

void NatsWire::publish(const std::string& subject, std::string_view payload,
                       const std::string& reply) {
  if (!cluster::is_subject(subject) || !(reply.empty() || cluster::is_subject(reply))) {
    return spdlog::error("event=bus_bad_subject action=drop");
  }
  const int size = static_cast<int>(payload.size());
  const natsStatus status =
      reply.empty()
          ? natsConnection_Publish(connection_.get(), subject.c_str(), payload.data(), size)
          : natsConnection_PublishRequest(connection_.get(), subject.c_str(), reply.c_str(),
                                          payload.data(), size);
  if (status != NATS_OK) {
    spdlog::debug("event=bus_publish_failed error=\"{}\"", natsStatus_GetText(status));
  }
}

void NatsWire::flush() {
  natsConnection_FlushTimeout(connection_.get(), kFlushTimeout);
}

}  // namespace onair::net
