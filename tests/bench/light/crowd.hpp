// Many light viewers on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "light/viewer.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

class Crowd {
 public:
  Crowd(Agent& agent, Session room);

  /// Lets so many more join, and waits until each has a picture or has failed.
  void join(std::size_t viewers, double per_second, Watching watching);
  void run_for(sfu::Duration time) { run_until(sfu::Clock::now() + time); }
  void leave();

  std::size_t size() const { return viewers_.size(); }
  Viewer& operator[](std::size_t i) { return *viewers_[i]; }
  /// What each has got since the start.
  std::vector<std::uint64_t> packets();
  /// How often viewers failed, by what they say.
  std::map<std::string, int> failures() const;

 private:
  void add(Watching watching);
  void watch(Viewer& viewer);
  void run_until(sfu::TimePoint end);
  void turn(sfu::TimePoint end);

  static constexpr sfu::Duration kTick = std::chrono::milliseconds(10);

  Agent& agent_;
  Session room_;
  sfu::Descriptor epoll_;
  sfu::TimePoint next_tick_{};
  std::vector<std::unique_ptr<Viewer>> viewers_;
};

}  // namespace onair::load
