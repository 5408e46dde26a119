// Hubs of one or several processes, as the tests see them: messages between threads and processes
// are delivered when the test says so.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/gateway.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"

namespace onair::tests {

/// NATS for a cluster, within the test.
class WireNetwork {
 public:
  /// A process's connection.
  class End final : public cluster::Wire {
   public:
    explicit End(WireNetwork& network) : network_(network) { network.ends_.push_back(this); }
    void subscribe(const std::string& subject) override;
    void unsubscribe(const std::string& subject) override {
      post([this, subject] { subjects_.erase(subject); });
    }
    void publish(const std::string& subject, std::string_view payload,
                 const std::string& reply) override;

    /// Holds back everything that this end sends from now on, its subscriptions too.
    void hold() { is_slow_ = true; }
    /// All of it arrives, in its order.
    void let_go();

    cluster::WireMember* member = nullptr;
    bool is_cut = false;

   private:
    friend WireNetwork;
    void post(std::function<void()> action);
    void route(const std::string& subject, const std::string& payload, const std::string& reply);
    bool takes(const std::string& subject) const;

    WireNetwork& network_;
    std::set<std::string> subjects_;
    bool is_slow_ = false;
    std::deque<std::function<void()>> held_;
  };

  struct Message {
    End* to;
    std::string subject;
    std::string payload;
    std::string reply;
    bool nobody = false;  ///< nobody is subscribed to what had this reply subject
  };
  std::deque<Message> under_way;
  std::vector<Message> delivered;  ///< since the test cleared it
  /// If set, each process's way to NATS and back takes its time, as under load: what one sends
  /// keeps its order, what two send does not.
  std::function<std::size_t(std::size_t count)> one_of;

  /// Delivers what is under way. False where there was nothing.
  bool deliver(rooms::TimePoint now);

 private:
  bool deliver_any(rooms::TimePoint now);
  void hand_over(const Message& message, rooms::TimePoint now);

  std::vector<End*> ends_;
};

/// JetStream for a cluster, within the test: leases that expire.
class LeaseNetwork {
 public:
  class End final : public cluster::LeaseStore {
   public:
    End(LeaseNetwork& network, const rooms::TimePoint& now) : network_(network), now_(now) {}
    void create(const cluster::Claimant& claimant, const std::string& key,
                const std::string& value) override;
    void update(const cluster::Claimant& claimant, const std::string& key, const std::string& value,
                std::uint64_t revision) override;
    void release(const std::string& key, std::uint64_t revision) override;

    cluster::LeaseMember* member = nullptr;
    bool is_cut = false;

   private:
    void set(const cluster::Claimant& claimant, const std::string& key, const std::string& value,
             std::uint64_t expected);

    LeaseNetwork& network_;
    const rooms::TimePoint& now_;
  };

  struct Entry {
    std::string value;
    std::uint64_t revision;
    rooms::TimePoint until;
  };
  std::map<std::string, Entry> entries;
  std::deque<std::function<void()>> answers;  ///< under way

  bool deliver();

 private:
  std::uint64_t last_revision_ = 0;
};

/// A real NATS instead of these two.
class RealNetwork {
 public:
  struct Ends {
    cluster::Wire& wire;
    cluster::LeaseStore& leases;
  };
  virtual ~RealNetwork() = default;

  /// The prefix of subjects that keeps this cluster apart from all others there.
  virtual std::string prefix() const = 0;
  /// Adds a process; its gateway is known when it is served.
  virtual Ends add() = 0;
  virtual void serve(cluster::Gateway& gateway) = 0;
  /// Hands over one thing that has come. False where nothing is under way any more.
  virtual bool deliver(rooms::TimePoint now, std::vector<WireNetwork::Message>& delivered) = 0;
};

/// If set, makes the network of each cluster.
inline std::function<std::unique_ptr<RealNetwork>()> make_real_network;

/// A process: its hubs, and where there are others, its gateway.
struct Process {
  std::vector<std::unique_ptr<rooms::ThreadBus>> ends;
  std::vector<std::unique_ptr<rooms::Hub>> hubs;
  std::unique_ptr<WireNetwork::End> wire;
  std::unique_ptr<LeaseNetwork::End> leases;
  std::unique_ptr<cluster::Gateway> gateway;
};

class Cluster {
 public:
  using MakeOptions = std::function<rooms::HubOptions()>;

  /// Makes as many hubs in each process as the list says.
  Cluster(const std::vector<rooms::HubId>& hubs_of_processes, const MakeOptions& make_options);

  rooms::Hub& hub(std::size_t number) { return *hubs_.at(number); }
  std::size_t hubs() const { return hubs_.size(); }
  bool has_processes() const { return processes_.size() > 1; }
  std::size_t processes() const { return processes_.size(); }
  Process& process(std::size_t number) { return *processes_.at(number); }

  /// Hands over until there is nothing more to hand over.
  void settle();
  /// Hands over one thing that is under way. False where there was nothing.
  bool settle_a_little();
  void pass(rooms::Duration duration);
  /// The same, without handing over anything.
  void advance(rooms::Duration duration);
  /// The process neither sends nor receives any more.
  void cut(std::size_t process);
  void mend(std::size_t process);

  rooms::TimePoint now{std::chrono::seconds(100)};
  std::unique_ptr<RealNetwork> real;
  std::size_t batches = 0;  ///< handed from thread to thread
  WireNetwork network;
  LeaseNetwork leases;

 private:
  struct Parcel {
    std::size_t process;
    rooms::HubId from;
    rooms::HubId to;
    rooms::ThreadBus::Batch batch;
  };
  void add_process(rooms::HubId hubs, bool with_gateway, const MakeOptions& make_options);
  void step(rooms::Duration duration);

  std::deque<Parcel> under_way_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<rooms::Hub*> hubs_;
};

}  // namespace onair::tests
