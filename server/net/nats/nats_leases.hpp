// Leases by a key-value bucket of JetStream
// (https://docs.nats.io/nats-concepts/jetstream/key-value-store). The library's calls wait for
// their answers, so they are made on a thread of their own: renewals first, so that whoever talks
// goes on, however many others begin.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "cluster/leases.hpp"
#include "net/nats/nats_wire.hpp"

typedef struct __jsCtx jsCtx;      // NOLINT: as in nats.h
typedef struct __kvStore kvStore;  // NOLINT

namespace onair::net {

class NatsLeases final : public cluster::LeaseStore {
 public:
  /// While so many requests wait that are no renewals, a further create is postponed.
  static constexpr std::size_t kMostWaiting = 1'000;

  /// `bucket` is made where it is missing, on three servers if there are so many; what is in it
  /// expires after `lifetime`.
  NatsLeases(std::string bucket, std::chrono::milliseconds lifetime);
  ~NatsLeases();
  NatsLeases(const NatsLeases&) = delete;
  NatsLeases& operator=(const NatsLeases&) = delete;

  /// Asks `connection` for the connection whenever it needs one; `member` is called on `context`.
  /// All outlive the next call of `stop`.
  void start(std::function<NatsConnection()> connection, boost::asio::io_context& context,
             cluster::LeaseMember& member);
  void stop();

  void create(const cluster::Claimant& claimant, const std::string& key,
              const std::string& value) override;
  void update(const cluster::Claimant& claimant, const std::string& key, const std::string& value,
              std::uint64_t revision) override;
  void release(const std::string& key, std::uint64_t revision) override;

 private:
  using Report = std::function<void(cluster::LeaseMember&)>;
  using Request = std::function<void()>;

  /// Opens the bucket, and makes it where it is missing.
  bool open();
  bool note_available();
  void close();
  /// Has the request made on the thread of the leases. False where too many wait.
  bool add(std::deque<Request>& queue, std::size_t most, Request request);
  void make_next();
  /// A claimant's request. One that throws is reported as unavailable.
  Request guarded(const cluster::Claimant& claimant, Request request);
  /// Reports that the bucket does not answer, and lets go of it: it lives in the memory of NATS and
  /// may be gone. The next request opens it again, or makes it.
  void report_unavailable(const cluster::Claimant& claimant);
  void report(Report report);
  /// Reports the value that the key has instead.
  void report_refused(const cluster::Claimant& claimant, const std::string& key,
                      const std::string& value);
  void try_create(const cluster::Claimant& claimant, const std::string& key,
                  const std::string& value, bool again);

  std::string bucket_;
  std::chrono::milliseconds lifetime_;
  std::function<NatsConnection()> find_connection_;
  NatsConnection connection_;  ///< that of jetstream_
  boost::asio::io_context* member_context_ = nullptr;
  cluster::LeaseMember* member_ = nullptr;
  jsCtx* jetstream_ = nullptr;
  kvStore* store_ = nullptr;
  std::atomic<std::chrono::steady_clock::duration> ends_at_{
      std::chrono::steady_clock::duration::max()};
  bool has_warned_ = false;  ///< the log says that JetStream gives no bucket
  std::mutex mutex_;         ///< of what follows
  std::deque<Request> renewals_;
  std::deque<Request> others_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::thread thread_;
};

}  // namespace onair::net
