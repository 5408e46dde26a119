// Puts one server under one kind of load and prints what it cost the server, as JSON.
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "load/crowd.hpp"
#include "load/process.hpp"

namespace onair::load {
namespace {

struct Target {
  Dialect dialect = Dialect::onair;
  std::uint16_t port = 0;
  int pid = 0;
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
  Crowd crowd(target.dialect, {target.port});
  const auto clients = crowd.add_and_join(
      2 * kPairs, [](std::size_t i) { return "pair" + std::to_string(i / 2); },
      [](std::size_t i) { return i % 2 == 0; });
  crowd.run_for(std::chrono::milliseconds(300));
  const std::string sdp = ",\"sdp\":\"" + std::string(2'500, 'x') + "\"";
  std::size_t received = 0;
  std::vector<std::size_t> rounds(kPairs);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    Client& talker = *clients[2 * pair];
    Client& watcher = *clients[2 * pair + 1];
    watcher.on_frame = [&](std::string_view) {
      ++received;
      watcher.send_message("\"type\":\"answer\"" + sdp, talker.id());
    };
    talker.on_frame = [&, pair](std::string_view) {
      ++received;
      if (++rounds[pair] < kRounds) talker.send_message("\"type\":\"offer\"" + sdp, watcher.id());
    };
  }
  const double before = cpu_seconds(target.pid);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    clients[2 * pair]->send_message("\"type\":\"offer\"" + sdp, clients[2 * pair + 1]->id());
  }
  crowd.run_until([&] { return received == 2 * kPairs * kRounds; });
  return {static_cast<double>(received), cpu_seconds(target.pid) - before};
}

/// A talker sends to the room, `in_flight` frames at a time.
Result broadcast(Target target, std::size_t viewers, std::size_t count, std::size_t in_flight) {
  Crowd crowd(target.dialect, {target.port});
  const auto clients = crowd.add_and_join(viewers + 1, one_room, first_talks);
  crowd.run_for(std::chrono::milliseconds(1'500));
  const std::string wave = "\"type\":\"wave\",\"text\":\"" + std::string(60, 'x') + "\"";
  const std::size_t already = crowd.received();
  std::size_t sent = 0;
  const double before = cpu_seconds(target.pid);
  for (std::size_t done = 0; done < count; done += in_flight) {
    for (std::size_t i = 0; i < in_flight; ++i, ++sent) clients[0]->send_message(wave);
    crowd.run_until([&] { return crowd.received() - already >= sent * viewers; });
  }
  return {static_cast<double>(crowd.received() - already), cpu_seconds(target.pid) - before};
}

Result joins(Target target) {
  constexpr std::size_t kPeers = 10'000;
  Crowd crowd(target.dialect, {target.port});
  const double before = cpu_seconds(target.pid);
  crowd.add_and_join(kPeers, room_of_ten, first_of_ten_talks);
  return {kPeers, cpu_seconds(target.pid) - before};
}

/// Each room's talker speaks now to all, now to one of its nine watchers, who answers.
Result rooms(Target target) {
  constexpr std::size_t kRooms = 1'000;
  constexpr std::size_t kPeers = kPeersOfARoom;
  constexpr std::size_t kRounds = 12;
  Crowd crowd(target.dialect, {target.port});
  const auto clients = crowd.add_and_join(kRooms * kPeers, room_of_ten, first_of_ten_talks);
  crowd.run_for(std::chrono::milliseconds(1'500));
  const std::string candidate = ",\"candidate\":\"" + std::string(120, 'x') + "\"";
  const std::size_t already = crowd.received();
  std::size_t expected = 0;
  const double before = cpu_seconds(target.pid);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t room = 0; room < kRooms; ++room) {
      Client& talker = *clients[room * kPeers];
      Client& watcher = *clients[room * kPeers + 1 + round % (kPeers - 1)];
      if (round % 4 == 0) {
        talker.send_message("\"type\":\"wave\"");
        expected += kPeers - 1;
      }
      talker.send_message("\"type\":\"candidate\"" + candidate, watcher.id());
      watcher.send_message("\"type\":\"candidate\"" + candidate, talker.id());
      expected += 2;
    }
    crowd.run_until([&] { return crowd.received() - already >= expected; });
  }
  return {static_cast<double>(crowd.received() - already), cpu_seconds(target.pid) - before};
}

/// Connections that have joined and say nothing.
Result idle(Target target) {
  constexpr std::size_t kPeers = 10'000;
  Crowd crowd(target.dialect, {target.port});
  const double before = resident_bytes(target.pid);
  crowd.add_and_join(kPeers, room_of_ten, first_of_ten_talks);
  crowd.run_for(std::chrono::milliseconds(3'000));
  return {0, 0, (resident_bytes(target.pid) - before) / kPeers};
}

/// The viewers of one room leave within a second and come back: what everyone gets of it, the
/// welcomes among it.
Result comeback(Target target, std::size_t viewers) {
  Crowd crowd(target.dialect, {target.port});
  const auto clients = crowd.add_and_join(viewers + 1, one_room, first_talks);
  crowd.run_for(std::chrono::milliseconds(2'000));
  const std::size_t already = crowd.received();
  const double before = cpu_seconds(target.pid);
  const std::vector<Client*> audience(clients.begin() + 1, clients.end());
  for (Client* client : audience) client->cut();
  crowd.run_for(std::chrono::milliseconds(500));
  crowd.join(audience, one_room, [](std::size_t) { return false; });
  crowd.run_for(std::chrono::milliseconds(20'000));  // longer than the grace time
  const std::size_t welcomes = viewers;
  return {static_cast<double>(crowd.received() - already + welcomes),
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
