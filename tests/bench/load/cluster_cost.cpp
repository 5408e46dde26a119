// Puts the servers of a cluster under load and prints what it cost them together, as JSON.
#include <charconv>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "load/crowd.hpp"
#include "load/percentile.hpp"
#include "load/process.hpp"

namespace onair::load {
namespace {

using Clock = std::chrono::steady_clock;

struct Target {
  std::vector<std::uint16_t> ports;
  std::vector<int> pids;

  double cpu() const {
    double sum = 0;
    for (const int pid : pids) sum += cpu_seconds(pid);
    return sum;
  }
};

struct Result {
  double broadcasts = 0;
  double deliveries = 0;
  double cpu = 0;
  std::vector<double> latencies = {};  ///< ms, of each delivery
};

/// The first of each `size` speaks to its room, one room after the other, each when all have
/// received the one before: so the time is that of the way and not of a queue.
Result broadcasts(const Target& target, std::size_t rooms, std::size_t size, std::size_t rounds) {
  Crowd crowd(Dialect::onair, target.ports);
  // A room's members are spread over all servers.
  const auto clients = crowd.add_and_join(
      rooms * size, [size](std::size_t i) { return "room" + std::to_string(i / size); },
      [size](std::size_t i) { return i % size == 0; });
  crowd.run_for(std::chrono::milliseconds(2'500));
  Result result;
  std::size_t received = 0;
  Clock::time_point sent_at;
  for (Client* client : clients) {
    client->on_frame = [&](std::string_view text) {
      if (text.find("\"wave\"") == std::string_view::npos) return;
      ++received;
      result.latencies.push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - sent_at).count());
    };
  }
  const double before = target.cpu();
  std::size_t expected = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t room = 0; room < rooms; ++room) {
      expected += size - 1;
      sent_at = Clock::now();
      clients[room * size]->send_message(
          "\"type\":\"wave\",\"text\":\"0123456789012345678901234567\"");
      crowd.run_until([&] { return received >= expected; });
    }
  }
  result.cpu = target.cpu() - before;
  result.deliveries = static_cast<double>(received);
  result.broadcasts = static_cast<double>(rooms * rounds);
  return result;
}

void print(Result result) {
  std::cout << "{\"broadcasts\":" << result.broadcasts << ",\"deliveries\":" << result.deliveries
            << ",\"cpu_s\":" << result.cpu << ",\"p50_ms\":" << percentile(result.latencies, 0.5)
            << ",\"p99_ms\":" << percentile(result.latencies, 0.99) << "}" << std::endl;
}

}  // namespace
}  // namespace onair::load

int main(int argc, char** argv) {
  using namespace onair::load;
  const std::map<std::string, std::function<Result(const Target&)>> scenarios = {
      {"room", [](const Target& target) { return broadcasts(target, 1, 10'001, 30); }},
      {"rooms", [](const Target& target) { return broadcasts(target, 1'000, 10, 3); }},
  };
  Target target;
  std::string scenario;
  CLI::App app("Puts the servers of a cluster under load and prints what it cost them.");
  app.add_option("--port", target.ports, "Of each server")->required();
  app.add_option("--pid", target.pids, "Of each server's process")->required();
  app.add_option("scenario", scenario)->required()->check(CLI::IsMember(scenarios));
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  print(scenarios.at(scenario)(target));
  return 0;
}
