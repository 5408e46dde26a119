// Puts many light viewers (WHEP) on a room and prints, as JSON, how they joined and what they got.
#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "light/viewer.hpp"
#include "load/process.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using sfu::Clock;
using sfu::Duration;
using sfu::TimePoint;

struct Plan {
  std::size_t viewers = 1;
  double joins_per_second = 200;
  double seconds = 10;  ///< of counting, once all have joined
};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Median and maximum; null where nobody got so far.
json spread(std::vector<double> values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  return {{"median", values[values.size() / 2]}, {"max", values.back()}};
}

class Crowd {
 public:
  Crowd(Player& player, Plan plan) : player_(player), plan_(plan), epoll_(epoll_create1(0)) {}

  json run() {
    join_all();
    // First the packets on the way to the last that joined.
    run_until(Clock::now() + 500ms);
    const std::vector<std::uint64_t> before = packets();
    const TimePoint began = Clock::now();
    run_until(began +
              std::chrono::duration_cast<Duration>(std::chrono::duration<double>(plan_.seconds)));
    std::vector<std::uint64_t> counted = packets();
    const Duration took = Clock::now() - began;
    for (std::size_t i = 0; i < counted.size(); ++i) counted[i] -= before[i];
    json result = report();
    result["seconds"] = std::chrono::duration<double>(took).count();
    result["packets"] = counted;
    for (const auto& viewer : viewers_) viewer->leave();
    return result;
  }

 private:
  void join_all() {
    const TimePoint began = Clock::now();
    const auto due = [&](std::size_t number) {
      const std::chrono::duration<double> after(static_cast<double>(number) /
                                                plan_.joins_per_second);
      return began + std::chrono::duration_cast<Duration>(after);
    };
    while (viewers_.size() < plan_.viewers) {
      run_until(due(viewers_.size()));
      add_viewer();
    }
    while (std::any_of(viewers_.begin(), viewers_.end(), [](const auto& viewer) {
      return viewer->state() != Viewer::State::watching && viewer->state() != Viewer::State::failed;
    })) {
      step(Clock::now() + kTick);
    }
  }

  void add_viewer() {
    const auto number = static_cast<std::uint32_t>(viewers_.size());
    viewers_.push_back(std::make_unique<Viewer>(player_, number, Clock::now()));
    watch(*viewers_.back());
  }

  void watch(Viewer& viewer) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &viewer}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, viewer.descriptor(), &event);
  }

  void run_until(TimePoint end) {
    while (Clock::now() < end) step(end);
  }

  /// Waits until something comes, at most until then or the next tick.
  void step(TimePoint end) {
    std::array<epoll_event, 256> events;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp<Duration>(std::min(end, next_tick_) - Clock::now(), 0ms, kTick));
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(wait.count()));
    const TimePoint now = Clock::now();
    for (int i = 0; i < count; ++i) receive(*static_cast<Viewer*>(events[i].data.ptr), now);
    if (now < next_tick_) return;
    next_tick_ = now + kTick;
    for (const auto& viewer : viewers_) viewer->advance(now);
  }

  void receive(Viewer& viewer, TimePoint now) {
    const bool was_asking = viewer.state() == Viewer::State::asking;
    viewer.receive(now);
    // Now it has a socket for media.
    if (was_asking && viewer.state() == Viewer::State::checking) watch(viewer);
  }

  std::vector<std::uint64_t> packets() {
    std::vector<std::uint64_t> counts;
    for (const auto& viewer : viewers_) counts.push_back(viewer->packets());
    return counts;
  }

  json report() const {
    std::vector<double> joined;
    std::vector<double> media;
    std::map<std::string, int> failures;
    std::uint64_t sampled = 0;
    std::uint64_t missing = 0;
    std::size_t watching = 0;
    for (const auto& viewer : viewers_) {
      if (const auto after = viewer->joined_after()) joined.push_back(milliseconds(*after));
      if (const auto after = viewer->media_after()) media.push_back(milliseconds(*after));
      if (viewer->state() == Viewer::State::failed) ++failures[viewer->failure()];
      watching += viewer->has_consent(Clock::now()) ? 1 : 0;
      sampled += viewer->sampled();
      missing += viewer->missing();
    }
    return {{"viewers", viewers_.size()}, {"joined", joined.size()},   {"watching", watching},
            {"failures", failures},       {"join_ms", spread(joined)}, {"media_ms", spread(media)},
            {"sampled", sampled},         {"missing", missing}};
  }

  static constexpr Duration kTick = 10ms;

  Player& player_;
  Plan plan_;
  sfu::Descriptor epoll_;
  TimePoint next_tick_{};
  std::vector<std::unique_ptr<Viewer>> viewers_;
};

}  // namespace
}  // namespace onair::load

int main(int argc, char** argv) {
  using namespace onair::load;
  Player player;
  Plan plan;
  CLI::App app("onair_light_viewers: viewers that count what they get.");
  app.add_option("--host", player.target.host, "The server's IPv4 address")->capture_default_str();
  app.add_option("--port", player.target.port, "The server's port, without TLS")->required();
  app.add_option("--room", player.target.room)->required();
  app.add_option("--token", player.target.token);
  app.add_option("--viewers", plan.viewers)->capture_default_str();
  app.add_option("--joins-per-second", plan.joins_per_second)->capture_default_str();
  app.add_option("--seconds", plan.seconds, "How long to count, once all have joined")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  try {
    std::cout << Crowd(player, plan).run().dump() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "light_viewers: " << error.what() << std::endl;
    return 1;
  }
  return 0;
}
