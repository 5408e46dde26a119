// Runs the suite of what the bus promises (rooms/hubs_on_a_bus_test.cpp) with processes that are
// joined by a real nats-server, which this program starts and ends.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "net/nats/nats_leases.hpp"
#include "net/nats/nats_wire.hpp"
#include "support/cluster.hpp"

namespace onair::tests {
namespace {

using rooms::TimePoint;

/// A process's connection. Messages are kept until the test takes them.
class RealEnd final : public cluster::WireMember,
                      public cluster::LeaseMember,
                      public cluster::LeaseStore {
 public:
  using News =
      std::function<void(cluster::Gateway&, TimePoint, std::vector<WireNetwork::Message>&)>;

  RealEnd(const std::string& url, const std::string& prefix, std::size_t number)
      : number_(std::to_string(number)),
        leases_(prefix + "_leases", cluster::kLeaseLifetime),
        wire_({.servers = url}, context_, *this) {
    leases_.start([this] { return wire_.connection(); }, context_, *this);
    wire_.subscribe("barrier.>");
    wire_.flush();  // the others' marks come from now on
  }
  ~RealEnd() { leases_.stop(); }

  cluster::Wire& wire() { return wire_; }

  std::deque<News> news;
  cluster::Gateway* gateway = nullptr;

  void wait_a_little() { context_.run_for(std::chrono::milliseconds(1)); }
  void poll() { context_.poll(); }

  /// Everything sent before by anyone has come when each end has received each of the others'
  /// marks, and its own as undelivered.
  void mark(const std::string& mark) {
    marks_.clear();
    wire_.publish("barrier." + number_, mark, "");
    wire_.publish("nobody", mark, "barrier.own");
  }
  bool has_all(std::size_t marks) const { return marks_.size() == marks && unanswered_ == 0; }

  void on_message(std::string_view subject, std::string_view payload, std::string_view reply,
                  TimePoint) override {
    if (subject.starts_with("barrier.")) return marks_.insert(std::string(subject)), void();
    news.emplace_back([message = WireNetwork::Message{nullptr, std::string(subject),
                                                      std::string(payload), std::string(reply)}](
                          cluster::Gateway& to, TimePoint now, auto& delivered) {
      delivered.push_back(message);
      to.on_message(message.subject, message.payload, message.reply, now);
    });
  }
  void on_no_subscriber(std::string_view reply, TimePoint) override {
    if (reply == "barrier.own") return marks_.insert(std::string(reply)), void();
    news.emplace_back([reply = std::string(reply)](cluster::Gateway& to, TimePoint now, auto&) {
      to.on_no_subscriber(reply, now);
    });
  }
  void connected(TimePoint) override {}
  void disconnected() override { ADD_FAILURE() << "NATS is gone"; }

  void create(const cluster::Claimant& claimant, const std::string& key,
              const std::string& value) override {
    ++unanswered_;
    leases_.create(claimant, key, value);
  }
  void update(const cluster::Claimant& claimant, const std::string& key, const std::string& value,
              std::uint64_t revision) override {
    ++unanswered_;
    leases_.update(claimant, key, value, revision);
  }
  /// There is no answer to it, but one to what is asked after it.
  void release(const std::string& key, std::uint64_t revision) override {
    leases_.release(key, revision);
    create({}, "after." + number_ + "." + std::to_string(++releases_), "");
  }

  void granted(const cluster::Claimant& claimant, std::uint64_t revision, TimePoint) override {
    answer(claimant, [claimant, revision](cluster::LeaseMember& member, TimePoint now) {
      member.granted(claimant, revision, now);
    });
  }
  void refused(const cluster::Claimant& claimant, std::string_view value, std::uint64_t revision,
               TimePoint) override {
    answer(claimant, [claimant, value = std::string(value), revision](cluster::LeaseMember& member,
                                                                      TimePoint now) {
      member.refused(claimant, value, revision, now);
    });
  }
  void unavailable(const cluster::Claimant& claimant, TimePoint) override {
    ADD_FAILURE() << "no answer of JetStream to " << claimant.talker;
    --unanswered_;
  }
  void postponed(const cluster::Claimant& claimant, TimePoint) override {
    ADD_FAILURE() << "too many requests wait before that of " << claimant.talker;
    --unanswered_;
  }

 private:
  template <typename Tell>
  void answer(const cluster::Claimant& claimant, Tell tell) {
    --unanswered_;
    if (claimant.room.empty()) return;  // after a release
    news.emplace_back([tell = std::move(tell)](cluster::Gateway& to, TimePoint now, auto&) {
      tell(to.leases(), now);
    });
  }

  std::string number_;
  std::set<std::string> marks_;
  std::size_t unanswered_ = 0;
  std::size_t releases_ = 0;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  net::NatsLeases leases_;
  net::NatsWire wire_;
};

class NatsNetwork final : public RealNetwork {
 public:
  explicit NatsNetwork(std::string url) : url_(std::move(url)) {}

  std::string prefix() const override { return prefix_; }
  Ends add() override {
    RealEnd& end = *ends_.emplace_back(std::make_unique<RealEnd>(url_, prefix_, ends_.size()));
    return {end.wire(), end};
  }
  void serve(cluster::Gateway& gateway) override { ends_.back()->gateway = &gateway; }

  bool deliver(TimePoint now, std::vector<WireNetwork::Message>& delivered) override {
    if (take_one(now, delivered)) return true;
    await_all_that_is_under_way();
    return take_one(now, delivered);
  }

 private:
  bool take_one(TimePoint now, std::vector<WireNetwork::Message>& delivered) {
    for (const auto& end : ends_) {
      end->poll();
      if (end->news.empty()) continue;
      const RealEnd::News news = std::move(end->news.front());
      end->news.pop_front();
      news(*end->gateway, now, delivered);
      return true;
    }
    return false;
  }

  void await_all_that_is_under_way() {
    using Clock = std::chrono::steady_clock;
    for (const auto& end : ends_) end->mark(std::to_string(++marks_));
    const auto until = Clock::now() + std::chrono::seconds(10);
    const auto is_waiting = [this] {
      for (const auto& end : ends_) {
        if (!end->has_all(ends_.size())) return true;
      }
      return false;
    };
    while (is_waiting()) {
      if (Clock::now() > until) {
        ADD_FAILURE() << "NATS does not deliver";
        return;
      }
      for (const auto& end : ends_) end->wait_a_little();
    }
  }

  static inline int last_ = 0;

  std::string url_;
  std::string prefix_ = "test" + std::to_string(++last_);
  std::size_t marks_ = 0;
  std::vector<std::unique_ptr<RealEnd>> ends_;
};

/// A nats-server on a port that the system chose.
class NatsServer {
 public:
  NatsServer() {
    std::string name = (std::filesystem::temp_directory_path() / "onair-nats-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execlp("nats-server", "nats-server", "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir",
             folder_.c_str(), "-js", "-sd", folder_.c_str(), "-l", (folder_ / "log").c_str(),
             nullptr);
      std::cerr << "nats-server can't be started: install the package nats-server.\n";
      _exit(127);
    }
  }
  ~NatsServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  /// Empty where it does not start.
  std::string url() const {
    const auto file = folder_ / ("nats-server_" + std::to_string(pid_) + ".ports");
    for (int tries = 0; tries < 1'000; ++tries) {
      std::ifstream in(file);
      const auto ports = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
      if (ports.is_object()) return ports["nats"][0];
      if (waitpid(pid_, nullptr, WNOHANG) != 0) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = 0;
};

}  // namespace
}  // namespace onair::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!testing::GTEST_FLAG(list_tests)) {
    testing::GTEST_FLAG(filter) = "Processes/" + testing::GTEST_FLAG(filter);
  }
  spdlog::set_level(spdlog::level::off);
  const onair::tests::NatsServer server;
  const std::string url = server.url();
  if (url.empty()) return EXIT_FAILURE;
  onair::tests::make_real_network = [&url] {
    return std::make_unique<onair::tests::NatsNetwork>(url);
  };
  return RUN_ALL_TESTS();
}
