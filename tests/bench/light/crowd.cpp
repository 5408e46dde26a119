#include "light/crowd.hpp"

#include <algorithm>
#include <array>
#include <sys/epoll.h>
#include <utility>

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using sfu::Clock;
using sfu::Duration;
using sfu::TimePoint;

/// A viewer that is connected but has no picture by then is given up.
constexpr Duration kPictureTimeout = 20s;

}  // namespace

Crowd::Crowd(Agent& agent, Session room)
    : agent_(agent), room_(std::move(room)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  terminations_.async_wait([this](const auto&, int) { terminated_ = true; });
}

void Crowd::join(std::size_t viewers, const Pace& pace, Watching watching) {
  const TimePoint began = Clock::now();
  const std::size_t first = viewers_.size();
  for (std::size_t joined = 0; joined < viewers && !terminated_; ++joined) {
    const std::chrono::duration<double> due(static_cast<double>(joined) / pace.per_second);
    run_until(began + std::chrono::duration_cast<Duration>(due));
    wait_until_fewer_wait(pace.most_waiting, first);
    add(watching);
  }
  wait_until_fewer_wait(1, first);
}

/// Counts those from `first` on. Gives up when the longest time for a picture has passed.
void Crowd::wait_until_fewer_wait(std::size_t than, std::size_t first) {
  const auto is_waiting = [](const auto& viewer) {
    return !viewer->has_picture() && !viewer->has_failed();
  };
  const auto waiting = [&] {
    const auto from = viewers_.begin() + static_cast<std::ptrdiff_t>(first);
    return static_cast<std::size_t>(std::count_if(from, viewers_.end(), is_waiting));
  };
  const TimePoint end = Clock::now() + kPictureTimeout;
  while (waiting() >= than && Clock::now() < end && !terminated_) turn(end);
}

void Crowd::leave() {
  for (const auto& viewer : viewers_) viewer->leave();
  for (const auto& member : members_) member->leave();
}

std::vector<std::uint64_t> Crowd::packets() {
  std::vector<std::uint64_t> counts;
  for (const auto& viewer : viewers_) counts.push_back(viewer->packets());
  return counts;
}

std::map<std::string, int> Crowd::failures() const {
  std::map<std::string, int> failures;
  for (const auto& member : members_) {
    if (member->is_cut()) ++failures["The server ended the WebSocket."];
  }
  for (const auto& viewer : viewers_) {
    if (viewer->has_failed()) {
      ++failures[viewer->failure()];
    } else if (!viewer->has_picture()) {
      ++failures["No picture."];
    }
  }
  return failures;
}

std::vector<double> Crowd::chat_latencies() const {
  std::vector<double> all;
  for (const auto& member : members_) {
    all.insert(all.end(), member->chat_latencies().begin(), member->chat_latencies().end());
  }
  return all;
}

void Crowd::add(Watching watching) {
  const auto number = static_cast<std::uint32_t>(viewers_.size());
  viewers_.push_back(std::make_unique<Viewer>(agent_, room_, number, watching, Clock::now()));
  Viewer& viewer = *viewers_.back();
  if (room_.begin != Session::Begin::room_offers) return watch(viewer);
  members_.push_back(std::make_unique<Member>(websockets_, agent_.server.port, room_.path, viewer,
                                              [this, &viewer] { watch(viewer); }));
}

void Crowd::watch(Viewer& viewer) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &viewer}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, viewer.descriptor(), &event);
}

void Crowd::run_until(TimePoint end) {
  while (Clock::now() < end && !terminated_) turn(end);
}

/// Waits until something comes, at most until then or the next tick.
void Crowd::turn(TimePoint end) {
  std::array<epoll_event, 256> events;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<Duration>(std::min(end, next_tick_) - Clock::now(), 0ms, kTick));
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               static_cast<int>(wait.count()));
  for (int i = 0; i < count; ++i) {
    auto& viewer = *static_cast<Viewer*>(events[static_cast<std::size_t>(i)].data.ptr);
    // Not one time for all: another one's handshake takes a millisecond.
    if (viewer.receive(Clock::now())) watch(viewer);
  }
  websockets_.restart();  // it stops where it has nothing to wait for
  websockets_.poll();
  const TimePoint now = Clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  for (const auto& viewer : viewers_) viewer->advance(now);
  for (const auto& member : members_) member->advance(now);
}

}  // namespace onair::load
