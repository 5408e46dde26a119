// Puts one server under one kind of load and prints what it cost the server, as JSON.
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "load/client.hpp"
#include "load/process.hpp"

namespace onair::load {
namespace {

namespace asio = boost::asio;

struct Target {
  Dialect dialect = Dialect::onair;
  std::uint16_t port = 0;
  int pid = 0;
};

/// A crowd on one io_context, and how many frames it has heard.
class Crowd {
 public:
  explicit Crowd(Target target) : target_(target) {}

  Client& add() {
    clients_.push_back(std::make_unique<Client>(context_, target_.dialect));
    clients_.back()->heard = [this](std::string_view) { ++heard_; };
    return *clients_.back();
  }

  /// Lets them join, so many at a time, and waits until all are in.
  void join(const std::vector<Client*>& clients,
            const std::function<std::string(std::size_t)>& room,
            const std::function<bool(std::size_t)>& talks, std::size_t at_once = 64) {
    std::size_t begun = 0;
    std::size_t joined = 0;
    std::function<void()> next = [&] {
      if (begun == clients.size()) return;
      const std::size_t i = begun++;
      clients[i]->join(target_.port, room(i), talks(i), [&] {
        ++joined;
        next();
      });
    };
    for (std::size_t i = 0; i < at_once; ++i) next();
    run_until([&] { return joined == clients.size(); });
  }

  std::vector<Client*> add_and_join(std::size_t count,
                                    const std::function<std::string(std::size_t)>& room,
                                    const std::function<bool(std::size_t)>& talks) {
    std::vector<Client*> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(&add());
    join(clients, room, talks);
    return clients;
  }

  void run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!done()) {
      if (context_.run_one_for(std::chrono::seconds(5)) == 0 ||
          std::chrono::steady_clock::now() > until) {
        std::cerr << "load: the server has fallen silent; heard " << heard_ << "\n";
        std::exit(1);
      }
    }
  }

  void run_for(std::chrono::milliseconds time) { context_.run_for(time); }

  std::size_t heard() const { return heard_; }

 private:
  Target target_;
  asio::io_context context_{1};
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t heard_ = 0;
};

struct Result {
  double deliveries = 0;
  double cpu = 0;
  double bytes = 0;  ///< for the scenario that measures memory
};

void print(const Result& result) {
  std::cout << "{\"deliveries\":" << result.deliveries
            << ",\"cpu_us\":" << (result.deliveries > 0 ? 1e6 * result.cpu / result.deliveries : 0)
            << ",\"bytes\":" << result.bytes << "}" << std::endl;
}

std::string one_room(std::size_t) {
  return "one";
}

bool first_talks(std::size_t i) {
  return i == 0;
}

constexpr std::size_t kPeersOfARoom = 10;

std::string room_of_ten(std::size_t i) {
  return "room" + std::to_string(i / kPeersOfARoom);
}

bool first_of_ten_talks(std::size_t i) {
  return i % kPeersOfARoom == 0;
}

/// Pairs that exchange offers and answers of 2.5 KB, each waiting for the other.
Result directed(Target target) {
  constexpr std::size_t kPairs = 100;
  constexpr std::size_t kRounds = 300;
  Crowd crowd(target);
  const auto clients = crowd.add_and_join(
      2 * kPairs, [](std::size_t i) { return "pair" + std::to_string(i / 2); },
      [](std::size_t i) { return i % 2 == 0; });
  crowd.run_for(std::chrono::milliseconds(300));
  const std::string sdp = ",\"sdp\":\"" + std::string(2'500, 'x') + "\"";
  std::size_t heard = 0;
  std::vector<std::size_t> rounds(kPairs);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    Client& talker = *clients[2 * pair];
    Client& watcher = *clients[2 * pair + 1];
    watcher.heard = [&](std::string_view) {
      ++heard;
      watcher.say("\"type\":\"answer\"" + sdp, talker.id());
    };
    talker.heard = [&, pair](std::string_view) {
      ++heard;
      if (++rounds[pair] < kRounds) talker.say("\"type\":\"offer\"" + sdp, watcher.id());
    };
  }
  const double before = cpu_seconds(target.pid);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    clients[2 * pair]->say("\"type\":\"offer\"" + sdp, clients[2 * pair + 1]->id());
  }
  crowd.run_until([&] { return heard == 2 * kPairs * kRounds; });
  return {static_cast<double>(heard), cpu_seconds(target.pid) - before};
}

/// One talker says something to the room, `in_flight` at a time.
Result broadcast(Target target, std::size_t viewers, std::size_t count, std::size_t in_flight) {
  Crowd crowd(target);
  const auto clients = crowd.add_and_join(viewers + 1, one_room, first_talks);
  crowd.run_for(std::chrono::milliseconds(1'500));
  const std::string wave = "\"type\":\"wave\",\"text\":\"" + std::string(60, 'x') + "\"";
  const std::size_t already = crowd.heard();
  std::size_t said = 0;
  const double before = cpu_seconds(target.pid);
  for (std::size_t done = 0; done < count; done += in_flight) {
    for (std::size_t i = 0; i < in_flight; ++i, ++said) clients[0]->say(wave);
    crowd.run_until([&] { return crowd.heard() - already >= said * viewers; });
  }
  return {static_cast<double>(crowd.heard() - already), cpu_seconds(target.pid) - before};
}

Result joins(Target target) {
  constexpr std::size_t kPeers = 10'000;
  Crowd crowd(target);
  const double before = cpu_seconds(target.pid);
  crowd.add_and_join(kPeers, room_of_ten, first_of_ten_talks);
  return {kPeers, cpu_seconds(target.pid) - before};
}

/// Each room's talker speaks now to all, now to one of its nine watchers, who answers.
Result rooms(Target target) {
  constexpr std::size_t kRooms = 1'000;
  constexpr std::size_t kPeers = kPeersOfARoom;
  constexpr std::size_t kRounds = 12;
  Crowd crowd(target);
  const auto clients = crowd.add_and_join(kRooms * kPeers, room_of_ten, first_of_ten_talks);
  crowd.run_for(std::chrono::milliseconds(1'500));
  const std::string candidate = ",\"candidate\":\"" + std::string(120, 'x') + "\"";
  const std::size_t already = crowd.heard();
  std::size_t expected = 0;
  const double before = cpu_seconds(target.pid);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t room = 0; room < kRooms; ++room) {
      Client& talker = *clients[room * kPeers];
      Client& watcher = *clients[room * kPeers + 1 + round % (kPeers - 1)];
      if (round % 4 == 0) {
        talker.say("\"type\":\"wave\"");
        expected += kPeers - 1;
      }
      talker.say("\"type\":\"candidate\"" + candidate, watcher.id());
      watcher.say("\"type\":\"candidate\"" + candidate, talker.id());
      expected += 2;
    }
    crowd.run_until([&] { return crowd.heard() - already >= expected; });
  }
  return {static_cast<double>(crowd.heard() - already), cpu_seconds(target.pid) - before};
}

/// Connections that have joined and say nothing.
Result idle(Target target) {
  constexpr std::size_t kPeers = 10'000;
  Crowd crowd(target);
  const double before = resident_bytes(target.pid);
  crowd.add_and_join(kPeers, room_of_ten, first_of_ten_talks);
  crowd.run_for(std::chrono::milliseconds(3'000));
  return {0, 0, (resident_bytes(target.pid) - before) / kPeers};
}

/// The viewers of one room leave within a second and come back: what everyone hears of it, the
/// welcomes among it.
Result comeback(Target target, std::size_t viewers) {
  Crowd crowd(target);
  const auto clients = crowd.add_and_join(viewers + 1, one_room, first_talks);
  crowd.run_for(std::chrono::milliseconds(2'000));
  const std::size_t already = crowd.heard();
  const double before = cpu_seconds(target.pid);
  const std::vector<Client*> audience(clients.begin() + 1, clients.end());
  for (Client* client : audience) client->cut();
  crowd.run_for(std::chrono::milliseconds(500));
  crowd.join(audience, one_room, [](std::size_t) { return false; });
  crowd.run_for(std::chrono::milliseconds(20'000));  // longer than the grace time
  const std::size_t welcomes = viewers;
  return {static_cast<double>(crowd.heard() - already + welcomes),
          cpu_seconds(target.pid) - before};
}

}  // namespace
}  // namespace onair::load

int main(int argc, char** argv) {
  using namespace onair::load;
  const std::map<std::string, std::function<Result(Target)>> scenarios = {
      {"directed", directed},
      {"broadcast-1000", [](Target target) { return broadcast(target, 1'000, 100, 1); }},
      {"broadcast-5000", [](Target target) { return broadcast(target, 5'000, 30, 1); }},
      {"back-to-back", [](Target target) { return broadcast(target, 1'000, 640, 32); }},
      {"joins", joins},
      {"rooms", rooms},
      {"idle", idle},
      {"comeback-1000", [](Target target) { return comeback(target, 1'000); }},
      {"comeback-5000", [](Target target) { return comeback(target, 5'000); }},
  };
  Target target;
  std::string scenario;
  CLI::App app("onair-load: puts a server under load and prints what it cost the server.");
  app.add_option("--dialect", target.dialect, "onair or socketio")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Dialect>{
          {"onair", Dialect::onair}, {"socketio", Dialect::socketio}}));
  app.add_option("--port", target.port)->required();
  app.add_option("--pid", target.pid, "The server's process")->required();
  app.add_option("scenario", scenario)->required()->check(CLI::IsMember(scenarios));
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  print(scenarios.at(scenario)(target));
  return 0;
}
