// Puts light viewers (WHEP players, or members of the room), and a light talker (WHIP), on a room.
// Prints a line of JSON when the talker is on air, one when all viewers have joined, and at the end
// one that says how they joined, what they got, and what that cost the forwarder.
#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "light/crowd.hpp"
#include "light/talker.hpp"
#include "load/percentile.hpp"
#include "load/process.hpp"

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using sfu::Clock;
using sfu::Duration;

struct Plan {
  std::string room;
  Session::Begin begin = Session::Begin::peer_offers;
  std::string clip;  ///< empty: no talker
  std::size_t viewers = 0;
  Crowd::Pace pace{.per_second = 200};
  bool watch_closely = false;
  double seconds = 10;
  std::size_t late_viewers = 0;
  int pid = 0;  ///< of the forwarder; 0: unknown
};

Duration seconds_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

/// The talker on a thread of its own, so that it keeps time whatever the viewers do.
class TalkerThread {
 public:
  TalkerThread(const HttpServer& server, const Plan& plan)
      : clip_(plan.clip),
        agent_(std::make_unique<Agent>(server)),
        thread_([this, path = "/whip/" + plan.room](const std::stop_token& stop) {
          try {
            Talker(*agent_, path, clip_, progress_).run(stop);
          } catch (const std::exception& error) {
            progress_.failure = error.what();
            progress_.has_ended = true;
          }
        }) {}

  void wait_until_on_air() const {
    while (!progress_.is_on_air) {
      check();
      std::this_thread::sleep_for(5ms);
    }
  }
  /// Throws if the talker has ended.
  void check() const {
    if (progress_.has_ended) throw std::runtime_error("The talker has ended: " + progress_.failure);
  }
  std::uint64_t packets() const { return progress_.packets; }
  std::uint64_t key_frames_asked() const { return progress_.key_frames_asked; }

 private:
  Clip clip_;
  std::unique_ptr<Agent> agent_;
  Talker::Progress progress_;
  std::jthread thread_;
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

/// How those from `first` on joined.
json report_joins(Crowd& crowd, std::size_t first) {
  std::vector<double> joined;
  std::vector<double> pictures;
  std::size_t watching = 0;
  for (std::size_t i = first; i < crowd.size(); ++i) {
    if (const auto after = crowd[i].joined_after()) joined.push_back(milliseconds(*after));
    if (const auto after = crowd[i].picture_after()) pictures.push_back(milliseconds(*after));
    watching += crowd[i].has_consent(Clock::now()) ? 1 : 0;
  }
  return {{"viewers", crowd.size() - first}, {"watching", watching},
          {"pictures", pictures.size()},     {"join_ms", spread(joined)},
          {"picture_ms", spread(pictures)},  {"failures", crowd.failures()}};
}

/// How late the lines of the chat came; null where none did.
json report_chat(std::vector<double> latencies) {
  if (latencies.empty()) return nullptr;
  return {{"lines", latencies.size()},
          {"p99", percentile(latencies, 0.99)},
          {"max", percentile(latencies, 1)}};
}

std::uint64_t missing(Crowd& crowd, std::size_t viewers) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < viewers; ++i) sum += crowd[i].missing();
  return sum;
}

Session session_of(const Plan& plan) {
  const bool is_member = plan.begin == Session::Begin::room_offers;
  return {.path = is_member ? plan.room : "/whep/" + plan.room, .begin = plan.begin, .offer = {}};
}

class Run {
 public:
  Run(const HttpServer& server, const Plan& plan)
      : plan_(plan), agent_(std::make_unique<Agent>(server)), crowd_(*agent_, session_of(plan)) {
    if (!plan.clip.empty()) talker_.emplace(server, plan);
  }

  json run() {
    if (talker_) {
      talker_->wait_until_on_air();
      crowd_.run_for(1s);  // the server has let the room know
      std::cout << R"({"on_air":true})" << std::endl;
    }
    const double memory = resident();
    crowd_.join(plan_.viewers, plan_.pace, watching());
    json result = report_joins(crowd_, 0);
    std::cout << json{{"joined", result}}.dump() << std::endl;
    crowd_.run_for(1s);  // what is on the way to the last that joined
    count(result);
    result["memory"] = resident() - memory;
    result["chat_ms"] = report_chat(crowd_.chat_latencies());
    if (plan_.late_viewers > 0) result["late"] = join_late();
    crowd_.leave();
    if (talker_) talker_->check();
    return result;
  }

 private:
  Watching watching() const { return plan_.watch_closely ? Watching::closely : Watching::lightly; }
  double resident() const { return plan_.pid == 0 ? 0 : resident_bytes(plan_.pid); }
  double cpu() const { return plan_.pid == 0 ? 0 : cpu_seconds(plan_.pid); }
  std::uint64_t sent() const { return talker_ ? talker_->packets() : 0; }

  void count(json& result) {
    const auto began = Clock::now();
    const double cpu_before = cpu();
    const std::uint64_t sent_before = sent();
    const std::vector<std::uint64_t> before = crowd_.packets();
    crowd_.run_for(seconds_of(plan_.seconds));
    std::vector<std::uint64_t> packets = crowd_.packets();
    result["sent"] = sent() - sent_before;
    result["cpu_s"] = cpu() - cpu_before;
    result["seconds"] = std::chrono::duration<double>(Clock::now() - began).count();
    for (std::size_t i = 0; i < packets.size(); ++i) packets[i] -= before[i];
    result["packets"] = std::accumulate(packets.begin(), packets.end(), std::uint64_t{0});
    result["least_packets"] = packets.empty() ? 0 : *std::ranges::min_element(packets);
    result["missing"] = missing(crowd_, crowd_.size());
  }

  json join_late() {
    const std::size_t first = crowd_.size();
    const std::uint64_t missing_before = missing(crowd_, first);
    const std::uint64_t asked_before = talker_ ? talker_->key_frames_asked() : 0;
    crowd_.join(plan_.late_viewers, plan_.pace, Watching::lightly);
    crowd_.run_for(500ms);
    json result = report_joins(crowd_, first);
    result["lost_by_others"] = missing(crowd_, first) - missing_before;
    result["key_frames_asked"] = (talker_ ? talker_->key_frames_asked() : 0) - asked_before;
    return result;
  }

  Plan plan_;
  std::unique_ptr<Agent> agent_;
  Crowd crowd_;
  std::optional<TalkerThread> talker_;
};

void add_options(CLI::App& app, HttpServer& server, Plan& plan) {
  app.add_option("--host", server.host, "The server's IPv4 address")->capture_default_str();
  app.add_option("--port", server.port, "The server's port, without TLS")->required();
  app.add_option("--token", server.token);
  app.add_option("--room", plan.room, "As in a URL")->required();
  app.add_flag(
      "--server-offers", [&plan](auto) { plan.begin = Session::Begin::server_offers; },
      "Viewers POST without an offer, and answer the server's by PATCH");
  app.add_flag(
      "--members", [&plan](auto) { plan.begin = Session::Begin::room_offers; },
      "Viewers are members of the room, as pages that move to the forwarder when the talker sends "
      "them there; until then they have no picture");
  app.add_option("--clip", plan.clip, "Talks in the room: sends this IVF file of VP8 and silence");
  app.add_option("--viewers", plan.viewers)->capture_default_str();
  app.add_option("--joins-per-second", plan.pace.per_second)->capture_default_str();
  app.add_option("--most-waiting", plan.pace.most_waiting,
                 "The next viewer joins when fewer than this wait for their picture");
  app.add_flag("--watch-closely", plan.watch_closely, "Viewers read each packet");
  app.add_option("--seconds", plan.seconds,
                 "How long to count, once all have a picture; SIGTERM ends it early")
      ->capture_default_str();
  app.add_option("--late-viewers", plan.late_viewers, "So many more join then");
  app.add_option("--pid", plan.pid, "The forwarder's process: says what it costs");
}

}  // namespace
}  // namespace onair::load

int main(int argc, char** argv) {
  using namespace onair::load;
  HttpServer server;
  Plan plan;
  CLI::App app("onair_light_viewers: viewers that count what they get, and a talker.");
  add_options(app, server, plan);
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  try {
    std::cout << Run(server, plan).run().dump() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "light_viewers: " << error.what() << std::endl;
    return 1;
  }
  return 0;
}
