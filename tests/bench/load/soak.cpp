// A crowd of 10,000 for minutes: most behave well and check every frame that they get; the others
// join, leave, are killed, flood and don't read. Ends with an error where a well-behaved one missed
// a frame, got one twice or out of order.
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/steady_timer.hpp>

#include "load/client.hpp"
#include "load/process.hpp"

namespace onair::load {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Rooms in which so much is sent that a client that does not read is soon far behind.
constexpr std::size_t kLoudRooms = 3;

struct Plan {
  std::uint16_t port = 0;
  int seconds = 180;
  std::size_t rooms = 100;
  std::size_t steady = 8'000;          ///< well-behaved viewers
  std::size_t restless = 2'000;        ///< the others
  std::size_t turns_per_second = 400;  ///< what the restless do
};

/// The number behind `"n":`.
std::size_t number_in(std::string_view text) {
  const std::size_t at = text.find("\"n\":");
  return at == std::string_view::npos ? 0 : std::strtoul(text.data() + at + 4, nullptr, 10);
}

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "soak: " << what << "\n";
  std::exit(1);
}

/// Received numbers, which must be 1, 2, 3 and so on.
class Sequence {
 public:
  void take(std::size_t number, const char* what) {
    if (number != last_ + 1) {
      fail(std::string(what) + " " + std::to_string(number) + " came after " +
           std::to_string(last_));
    }
    last_ = number;
  }
  std::size_t last() const { return last_; }

 private:
  std::size_t last_ = 0;
};

struct Viewer {
  explicit Viewer(asio::io_context& context) : client(context, Dialect::onair) {}
  Client client;
  std::size_t room = 0;
  Sequence to_all;
  Sequence to_one;
  std::size_t sent_to_one = 0;  ///< by the talker
  bool stuck = false;           ///< reads no more
};

struct Talker {
  explicit Talker(asio::io_context& context) : client(context, Dialect::onair) {}
  Client client;
  std::size_t sent = 0;
};

class Soak {
 public:
  explicit Soak(Plan plan) : plan_(plan) {}

  void run() {
    let_in();
    std::cout << "in: " << talkers_.size() << " talkers, " << viewers_.size() << " steady viewers, "
              << plan_.restless << " restless" << std::endl;
    const auto until = Clock::now() + std::chrono::seconds(plan_.seconds);
    Clock::time_point tick = Clock::now();
    while (Clock::now() < until) {
      speak();
      for (std::size_t i = 0; i < plan_.turns_per_second / 5; ++i) disturb();
      tick += milliseconds(200);
      run_until(tick);
    }
    run_until(Clock::now() + std::chrono::seconds(5));
    check_all_came();
    std::cout << "{\"frames\":" << received_ << ",\"joins\":" << joins_ << ",\"kills\":" << kills_
              << ",\"leaves\":" << leaves_ << ",\"floods\":" << floods_ << ",\"slow\":" << slow_
              << ",\"rejected\":" << rejected_ << "}" << std::endl;
    for (const auto& viewer : viewers_) viewer->client.leave();
    for (const auto& restless : restless_) restless->client.leave();
    for (const auto& talker : talkers_) talker->client.leave();
    run_until(Clock::now() + std::chrono::seconds(1));
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string room_name(std::size_t room) const { return "room" + std::to_string(room); }

  void run_until(Clock::time_point time) { context_.run_until(time); }

  void let_in() {
    std::size_t joined = 0;
    for (std::size_t room = 0; room < plan_.rooms; ++room) {
      talkers_.push_back(std::make_unique<Talker>(context_));
      talkers_.back()->client.on_frame = [this](std::string_view) { ++received_; };
      talkers_.back()->client.join(plan_.port, room_name(room), true, [&] { ++joined; });
    }
    for (std::size_t i = 0; i < plan_.steady; ++i) {
      if (i % 64 == 0) wait_for(joined, talkers_.size() + i);
      add_viewer(i % plan_.rooms, joined);
    }
    wait_for(joined, talkers_.size() + plan_.steady);
    for (std::size_t i = 0; i < plan_.restless; ++i) {
      restless_.push_back(std::make_unique<Viewer>(context_));
      restless_.back()->room = i % plan_.rooms;
      if (i % 64 == 0) run_until(Clock::now() + milliseconds(20));
      let_in_again(*restless_.back());
    }
    run_until(Clock::now() + std::chrono::seconds(2));
  }

  void add_viewer(std::size_t room, std::size_t& joined) {
    viewers_.push_back(std::make_unique<Viewer>(context_));
    Viewer& viewer = *viewers_.back();
    viewer.room = room;
    viewer.client.on_frame = [this, &viewer](std::string_view text) {
      ++received_;
      if (text.find("\"type\":\"wave\"") != std::string_view::npos) {
        viewer.to_all.take(number_in(text), "a broadcast");
      } else if (text.find("\"type\":\"note\"") != std::string_view::npos) {
        viewer.to_one.take(number_in(text), "a directed frame");
      } else {
        fail("a viewer got " + std::string(text));
      }
    };
    viewer.client.join(plan_.port, room_name(room), false, [&joined] { ++joined; });
  }

  void wait_for(const std::size_t& joined, std::size_t count) {
    const auto until = Clock::now() + std::chrono::seconds(60);
    while (joined < count && Clock::now() < until) context_.run_one_for(milliseconds(100));
    if (joined < count) fail("only " + std::to_string(joined) + " got in");
  }

  /// Every talker to all, in a few rooms something large, and to one of its viewers.
  void speak() {
    for (std::size_t room = 0; room < talkers_.size(); ++room) {
      Talker& talker = *talkers_[room];
      const std::size_t size = room < kLoudRooms ? 20'000 : 200;
      talker.client.send_message("\"type\":\"wave\",\"n\":" + std::to_string(++talker.sent) +
                                 ",\"text\":\"" + std::string(size, 'x') + "\"");
      const std::size_t per_room = viewers_.size() / plan_.rooms;
      Viewer& viewer = *viewers_[room + plan_.rooms * (random_() % per_room)];
      talker.client.send_message("\"type\":\"note\",\"n\":" + std::to_string(++viewer.sent_to_one),
                                 viewer.client.id());
    }
  }

  void let_in_again(Viewer& viewer) {
    ++joins_;
    viewer.client.rejected = [this] { ++rejected_; };
    if (viewer.room < kLoudRooms) viewer.client.buffer_little();
    viewer.client.join(plan_.port, room_name(viewer.room), false, [] {});
  }

  /// Lets one of the restless clients do something.
  void disturb() {
    Viewer& viewer = *restless_[random_() % restless_.size()];
    if (viewer.stuck) return;
    if (!viewer.client.is_open()) return let_in_again(viewer);
    switch (random_() % 8) {
      case 0:
        ++floods_;
        for (int i = 0; i < 600; ++i) viewer.client.send_message("\"type\":\"wave\"");
        return;
      case 1:
        if (viewer.room >= kLoudRooms) return;
        ++slow_;
        viewer.stuck = true;
        return viewer.client.stop_reading();
      case 2:
      case 3: ++leaves_; return viewer.client.leave();
      case 4:
      case 5: ++kills_; return viewer.client.cut();
      case 6: return viewer.client.send_message("\"type\":7,\"broken\":[");
      default: return viewer.client.send_message("\"type\":\"talk_request\"");
    }
  }

  void check_all_came() {
    for (const auto& viewer : viewers_) {
      if (viewer->to_all.last() != talkers_[viewer->room]->sent ||
          viewer->to_one.last() != viewer->sent_to_one) {
        fail("a viewer of room " + std::to_string(viewer->room) + " got " +
             std::to_string(viewer->to_all.last()) + " of " +
             std::to_string(talkers_[viewer->room]->sent) + " broadcasts");
      }
    }
  }

  Plan plan_;
  asio::io_context context_{1};
  std::minstd_rand random_{1};  // NOLINT(cert-msc51-cpp): the same plan each time
  std::vector<std::unique_ptr<Talker>> talkers_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  std::vector<std::unique_ptr<Viewer>> restless_;
  std::size_t received_ = 0;
  std::size_t joins_ = 0;
  std::size_t kills_ = 0;
  std::size_t leaves_ = 0;
  std::size_t floods_ = 0;
  std::size_t slow_ = 0;
  std::size_t rejected_ = 0;
};

}  // namespace
}  // namespace onair::load

int main(int argc, char** argv) {
  using namespace onair::load;
  Plan plan;
  CLI::App app("onair_soak: a crowd that disturbs a server for minutes.");
  app.add_option("--port", plan.port)->required();
  app.add_option("--seconds", plan.seconds);
  app.add_option("--steady", plan.steady);
  app.add_option("--restless", plan.restless);
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  Soak(plan).run();
  return 0;
}
