// Many light viewers on one thread.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "light/member.hpp"
#include "light/viewer.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

/// SIGTERM ends its waits: who called goes on at once, with the viewers that are there.
class Crowd {
 public:
  Crowd(Agent& agent, Session room);

  /// How fast viewers join.
  struct Pace {
    double per_second;
    /// The next one joins when fewer than this wait for their picture.
    std::size_t most_waiting = std::numeric_limits<std::size_t>::max();
  };

  /// Lets so many more join, and waits until each has a picture or has failed.
  void join(std::size_t viewers, const Pace& pace, Watching watching);
  void run_for(sfu::Duration time) { run_until(sfu::Clock::now() + time); }
  void leave();

  std::size_t size() const { return viewers_.size(); }
  Viewer& operator[](std::size_t i) { return *viewers_[i]; }
  /// Packets that each viewer has got since the start.
  std::vector<std::uint64_t> packets();
  /// How often viewers failed, by what they say.
  std::map<std::string, int> failures() const;
  /// Of all members (Member::chat_latencies).
  std::vector<double> chat_latencies() const;

 private:
  void add(Watching watching);
  void wait_until_fewer_wait(std::size_t than, std::size_t first);
  void watch(Viewer& viewer);
  void run_until(sfu::TimePoint end);
  void turn(sfu::TimePoint end);

  static constexpr sfu::Duration kTick = std::chrono::milliseconds(10);

  Agent& agent_;
  Session room_;
  sfu::Descriptor epoll_;
  sfu::TimePoint next_tick_{};
  std::vector<std::unique_ptr<Viewer>> viewers_;
  boost::asio::io_context websockets_{1};
  boost::asio::signal_set terminations_{websockets_, SIGTERM};
  bool terminated_ = false;
  std::vector<std::unique_ptr<Member>> members_;  ///< of the viewers, where the room offers
};

}  // namespace onair::load
