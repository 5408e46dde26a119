// This process in a cluster: a thread with the gateway between the hubs' bus and the wire.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>

#include "cluster/gateway.hpp"
#include "net/loop/aliases.hpp"
#include "net/nats/backlog.hpp"
#include "net/nats/nats_leases.hpp"
#include "net/nats/nats_wire.hpp"
#include "rooms/thread_bus.hpp"

namespace onair::net {

struct ClusterOptions {
  NatsOptions nats;
  std::string prefix = "onair";
};

/// A node's numbers, for an operator.
struct ClusterReport {
  bool connected = false;
  bool has_leases = false;
  std::size_t processes = 0;  ///< others that live
  cluster::GatewayCounters counters;
};

class ClusterNode {
 public:
  /// `self` is the gateway's number among the members of the hubs' bus, and the last. Throws
  /// std::runtime_error with a sentence for people where the options can't be used.
  /// `on_exception` is called on the node's thread after a defect of ours that was logged.
  ClusterNode(const ClusterOptions& options, rooms::HubId self, rooms::ThreadBus::Post post,
              rooms::Duration grace, std::size_t talkers_per_room,
              std::function<void()> on_exception);
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  // On one thread:
  void start();
  /// Tells the others that this process ends, and ends the thread.
  void leave();
  /// Returns when the thread has ended.
  void stop();

  /// A batch from a hub's end of the bus. From any thread.
  void deliver(rooms::HubId from, rooms::ThreadBus::Batch batch);

  /// From any thread.
  bool is_connected() const { return connected_; }
  bool has_leases() const { return has_leases_; }
  ClusterReport report() const;

 private:
  /// Between NatsWire, which has the messages of NATS, and the gateway.
  class Member final : public cluster::WireMember {
   public:
    explicit Member(ClusterNode& node) : node_(node) {}
    void on_message(std::string_view subject, std::string_view payload, std::string_view reply,
                    rooms::TimePoint now) override;
    void on_no_subscriber(std::string_view reply, rooms::TimePoint now) override;
    void connected(rooms::TimePoint now) override;
    void disconnected() override;

   private:
    ClusterNode& node_;
  };

  /// Between NatsLeases, which tells what JetStream answers, and the gateway.
  class Answers final : public cluster::LeaseMember {
   public:
    explicit Answers(ClusterNode& node) : node_(node) {}
    void granted(const cluster::Claimant& claimant, std::uint64_t revision,
                 rooms::TimePoint now) override;
    void refused(const cluster::Claimant& claimant, std::string_view value, std::uint64_t revision,
                 rooms::TimePoint now) override;
    void unavailable(const cluster::Claimant& claimant, rooms::TimePoint now) override;
    void postponed(const cluster::Claimant& claimant, rooms::TimePoint now) override;

   private:
    ClusterNode& node_;
  };

  void handle_soon();
  bool handle_some();
  void after_news();

  asio::io_context context_{1};
  asio::executor_work_guard<Executor> work_{context_.get_executor()};
  Timer timer_{context_};
  std::optional<rooms::TimePoint> wake_at_;
  Backlog backlog_;
  rooms::ThreadBus bus_;
  Member member_{*this};
  Answers lease_member_{*this};
  NatsLeases leases_;
  NatsWire wire_;
  cluster::Gateway gateway_;
  std::function<void()> on_exception_;
  bool leaves_ = false;  ///< its thread ends by itself, after the farewell
  std::thread thread_;
  std::atomic<bool> connected_ = false;
  std::atomic<bool> has_leases_ = false;
  std::atomic<std::size_t> processes_ = 0;
  std::atomic<std::uint64_t> published_ = 0;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::uint64_t> frames_received_ = 0;
  std::atomic<std::uint64_t> foreign_ = 0;
};

}  // namespace onair::net
