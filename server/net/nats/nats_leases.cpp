#include "net/nats/nats_leases.hpp"

#include <limits>
#include <nats/nats.h>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "net/loop/run_guarded.hpp"

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kWait = 2'000;  // ms, for each answer
constexpr int kReplicas = 3;

/// For renewals, each of which waits for its answer, and releases: there are no more than leases.
constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

/// How long leases may be given back when the process ends.
constexpr std::chrono::seconds kFarewell{2};

}  // namespace

NatsLeases::NatsLeases(std::string bucket, std::chrono::milliseconds lifetime)
    : bucket_(std::move(bucket)), lifetime_(lifetime) {}

NatsLeases::~NatsLeases() {
  stop();
}

void NatsLeases::start(std::function<NatsConnection()> connection, boost::asio::io_context& context,
                       cluster::LeaseMember& member) {
  find_connection_ = std::move(connection);
  member_context_ = &context;
  member_ = &member;
  thread_ = std::thread([this] { run_guarded(context_, [] {}); });
}

/// Earlier requests are done first: mostly that leases are released.
void NatsLeases::stop() {
  ends_at_ = (Clock::now() + kFarewell).time_since_epoch();
  work_.reset();
  if (thread_.joinable()) thread_.join();
  close();
  connection_.reset();
}

void NatsLeases::report(Report report) {
  boost::asio::post(*member_context_, [this, report = std::move(report)] { report(*member_); });
}

/// Not where an answer would only be waited for.
bool NatsLeases::open() {
  if (Clock::now().time_since_epoch() >= ends_at_.load()) return false;
  if (NatsConnection connection = find_connection_(); connection != connection_) {
    close();
    connection_ = std::move(connection);
  }
  if (natsConnection_Status(connection_.get()) != NATS_CONN_STATUS_CONNECTED) return false;
  if (store_ != nullptr) return true;
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = kWait;
  if (jetstream_ == nullptr &&
      natsConnection_JetStream(&jetstream_, connection_.get(), &options) != NATS_OK) {
    return false;
  }
  if (js_KeyValue(&store_, jetstream_, bucket_.c_str()) == NATS_OK) return note_available();
  natsStatus status = NATS_ERR;
  for (const int replicas : {kReplicas, 1}) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket_.c_str();
    config.Description = "who may talk in the rooms of onair";
    config.History = 1;
    config.TTL = std::chrono::nanoseconds(lifetime_).count();
    config.StorageType = js_MemoryStorage;
    config.Replicas = replicas;
    status = js_CreateKeyValue(&store_, jetstream_, &config);
    if (status == NATS_OK) return note_available();
    store_ = nullptr;
  }
  if (!std::exchange(has_warned_, true)) {
    spdlog::warn("event=leases_unavailable action=retry error=\"{}\" hint=\"NATS needs JetStream\"",
                 natsStatus_GetText(status));
  }
  return false;
}

/// The log says it once for each time.
bool NatsLeases::note_available() {
  if (std::exchange(has_warned_, false)) spdlog::info("event=leases_available");
  return true;
}

void NatsLeases::close() {
  kvStore_Destroy(std::exchange(store_, nullptr));
  jsCtx_Destroy(std::exchange(jetstream_, nullptr));
}

void NatsLeases::report_unavailable(const cluster::Claimant& claimant) {
  close();
  report([claimant](cluster::LeaseMember& member) { member.unavailable(claimant, Clock::now()); });
}

void NatsLeases::report_refused(const cluster::Claimant& claimant, const std::string& key,
                                const std::string& value) {
  kvEntry* entry = nullptr;
  const natsStatus status = kvStore_Get(&entry, store_, key.c_str());
  if (status == NATS_NOT_FOUND) return try_create(claimant, key, value, /*again=*/false);
  if (status != NATS_OK) return report_unavailable(claimant);
  const std::string found(static_cast<const char*>(kvEntry_Value(entry)),
                          static_cast<std::size_t>(kvEntry_ValueLen(entry)));
  const std::uint64_t revision = kvEntry_Revision(entry);
  kvEntry_Destroy(entry);
  report([claimant, found, revision](cluster::LeaseMember& member) {
    member.refused(claimant, found, revision, Clock::now());
  });
}

void NatsLeases::try_create(const cluster::Claimant& claimant, const std::string& key,
                            const std::string& value, bool again) {
  std::uint64_t revision = 0;
  const bool is_open = open();
  if (is_open && kvStore_CreateString(&revision, store_, key.c_str(), value.c_str()) == NATS_OK) {
    return report([claimant, revision](cluster::LeaseMember& member) {
      member.granted(claimant, revision, Clock::now());
    });
  }
  if (is_open && again) return report_refused(claimant, key, value);
  report_unavailable(claimant);
}

bool NatsLeases::add(std::deque<Request>& queue, std::size_t most, Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (queue.size() >= most) return false;
    queue.push_back(std::move(request));
  }
  boost::asio::post(context_, [this] { make_next(); });
  return true;
}

void NatsLeases::make_next() {
  Request request;
  {
    const std::lock_guard lock(mutex_);
    std::deque<Request>& queue = renewals_.empty() ? others_ : renewals_;
    request = std::move(queue.front());
    queue.pop_front();
  }
  request();
}

NatsLeases::Request NatsLeases::guarded(const cluster::Claimant& claimant, Request request) {
  return [this, claimant, request = std::move(request)] {
    try {
      request();
    } catch (...) {
      report_unavailable(claimant);
      throw;
    }
  };
}

void NatsLeases::create(const cluster::Claimant& claimant, const std::string& key,
                        const std::string& value) {
  Request request =
      guarded(claimant, [=, this] { try_create(claimant, key, value, /*again=*/true); });
  if (add(others_, kMostWaiting, std::move(request))) return;
  report([claimant](cluster::LeaseMember& member) { member.postponed(claimant, Clock::now()); });
}

void NatsLeases::update(const cluster::Claimant& claimant, const std::string& key,
                        const std::string& value, std::uint64_t revision) {
  add(renewals_, kNoBound, guarded(claimant, [=, this] {
        std::uint64_t next = 0;
        if (!open()) return report_unavailable(claimant);
        if (kvStore_UpdateString(&next, store_, key.c_str(), value.c_str(), revision) != NATS_OK) {
          return report_refused(claimant, key, value);
        }
        report([claimant, next](cluster::LeaseMember& member) {
          member.granted(claimant, next, Clock::now());
        });
      }));
}

void NatsLeases::release(const std::string& key, std::uint64_t revision) {
  add(others_, kNoBound, [=, this] {
    std::uint64_t next = 0;
    if (open()) kvStore_UpdateString(&next, store_, key.c_str(), "", revision);
  });
}

}  // namespace onair::net
