#include "net/nats_wire.hpp"

#include <chrono>
#include <deque>
#include <mutex>
#include <nats/nats.h>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kReconnectWait = 250;  // ms
constexpr std::int64_t kConnectTimeout = 2'000;
constexpr std::int64_t kPingInterval = 2'000;
constexpr int kMaxPingsOut = 2;
constexpr std::int64_t kFlushTimeout = 1'000;

void check(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return;
  throw std::runtime_error(what + " can't be used: " + natsStatus_GetText(status) + ".");
}

/// The entries of a list with commas.
std::vector<std::string> entries_of(const std::string& list) {
  std::vector<std::string> entries;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (comma > at) entries.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return entries;
}

}  // namespace

struct NatsWire::Ear {
  std::mutex mutex;
  boost::asio::io_context* context = nullptr;  ///< nothing: nobody listens any more
  cluster::WireMember* member = nullptr;

  template <typename Function>
  void tell(Function function) {
    const std::lock_guard lock(mutex);
    if (context == nullptr) return;
    boost::asio::post(*context, [this, function = std::move(function)] { function(*member); });
  }

  static Ear& make(boost::asio::io_context& context, cluster::WireMember& member) {
    static std::mutex mutex;
    static std::deque<Ear> all;
    const std::lock_guard lock(mutex);
    Ear& ear = all.emplace_back();
    ear.context = &context;
    ear.member = &member;
    return ear;
  }
};

NatsWire::NatsWire(const NatsOptions& options, boost::asio::io_context& context,
                   cluster::WireMember& member)
    : ear_(Ear::make(context, member)), options_(nullptr, &natsOptions_Destroy) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "NATS");
  options_.reset(made);
  set(options);
  const natsStatus status = natsConnection_Connect(&connection_, made);
  if (status == NATS_OK) {
    on_connected(connection_, &ear_);
  } else if (status != NATS_NOT_YET_CONNECTED) {
    check(status, "--bus " + options.servers);
  } else {
    spdlog::warn("event=bus_away action=retry");
  }
}

void NatsWire::set(const NatsOptions& options) {
  natsOptions* const made = options_.get();
  const std::vector<std::string> servers = entries_of(options.servers);
  std::vector<const char*> urls;
  urls.reserve(servers.size());
  for (const std::string& server : servers) urls.push_back(server.c_str());
  check(natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size())), "--bus");
  natsOptions_SetName(made, "onair");
  natsOptions_SetNoEcho(made, true);
  // One thread hands over what comes, in its order.
  natsOptions_UseGlobalMessageDelivery(made, true);
  natsOptions_SetTimeout(made, kConnectTimeout);
  natsOptions_SetPingInterval(made, kPingInterval);
  natsOptions_SetMaxPingsOut(made, kMaxPingsOut);
  natsOptions_SetMaxReconnect(made, -1);
  natsOptions_SetReconnectWait(made, kReconnectWait);
  natsOptions_SetRetryOnFailedConnect(made, true, &on_connected, &ear_);
  natsOptions_SetReconnectedCB(made, &on_connected, &ear_);
  natsOptions_SetDisconnectedCB(made, &on_disconnected, &ear_);
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
  {
    const std::lock_guard lock(ear_.mutex);
    ear_.context = nullptr;
  }
  for (const auto& [subject, subscription] : subscriptions_) {
    natsSubscription_Destroy(subscription);
  }
  natsConnection_Destroy(connection_);
}

void NatsWire::on_message(natsConnection*, natsSubscription*, natsMsg* message, void* ear) {
  const auto text = [](const char* c) { return std::string(c == nullptr ? "" : c); };
  std::string subject = text(natsMsg_GetSubject(message));
  const bool nobody = natsMsg_IsNoResponders(message);
  std::string payload(natsMsg_GetData(message) == nullptr ? "" : natsMsg_GetData(message),
                      static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  std::string reply = text(natsMsg_GetReply(message));
  natsMsg_Destroy(message);
  static_cast<Ear*>(ear)->tell([nobody, subject = std::move(subject), payload = std::move(payload),
                                reply = std::move(reply)](cluster::WireMember& member) {
    if (nobody) return member.on_no_subscriber(subject, Clock::now());
    member.on_message(subject, payload, reply, Clock::now());
  });
}

void NatsWire::on_connected(natsConnection*, void* ear) {
  spdlog::info("event=bus_connected");
  static_cast<Ear*>(ear)->tell([](cluster::WireMember& member) { member.connected(Clock::now()); });
}

void NatsWire::on_disconnected(natsConnection*, void* ear) {
  spdlog::warn("event=bus_away action=retry");
  static_cast<Ear*>(ear)->tell([](cluster::WireMember& member) { member.disconnected(); });
}

void NatsWire::subscribe(const std::string& subject) {
  if (!cluster::is_subscription(subject)) return spdlog::error("event=bus_bad_subject action=drop");
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      natsConnection_Subscribe(&subscription, connection_, subject.c_str(), &on_message, &ear_);
  if (status != NATS_OK) {
    spdlog::error("event=bus_subscribe_failed error=\"{}\"", natsStatus_GetText(status));
    return;
  }
  // What we can't take in is bounded by NATS, which cuts off who is too slow.
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  subscriptions_[subject] = subscription;
}

void NatsWire::unsubscribe(const std::string& subject) {
  const auto found = subscriptions_.find(subject);
  if (found == subscriptions_.end()) return;
  natsSubscription_Unsubscribe(found->second);
  natsSubscription_Destroy(found->second);
  subscriptions_.erase(found);
}

void NatsWire::publish(const std::string& subject, std::string_view payload,
                       const std::string& reply) {
  if (!cluster::is_subject(subject) || !(reply.empty() || cluster::is_subject(reply))) {
    return spdlog::error("event=bus_bad_subject action=drop");
  }
  const int size = static_cast<int>(payload.size());
  const natsStatus status =
      reply.empty() ? natsConnection_Publish(connection_, subject.c_str(), payload.data(), size)
                    : natsConnection_PublishRequest(connection_, subject.c_str(), reply.c_str(),
                                                    payload.data(), size);
  if (status != NATS_OK) {
    spdlog::debug("event=bus_publish_failed error=\"{}\"", natsStatus_GetText(status));
  }
}

void NatsWire::flush() {
  natsConnection_FlushTimeout(connection_, kFlushTimeout);
}

}  // namespace onair::net
