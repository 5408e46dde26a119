// Waits for descriptors (epoll) on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "sfu/base/time.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::sfu {

class EventLoop {
 public:
  /// Gets the events of epoll(7). May destroy its own watch and others. May be called without
  /// cause.
  using Handler = std::function<void(std::uint32_t events, TimePoint now)>;

  EventLoop();

  /// Waits until a descriptor is ready or the deadline has come, and calls the handlers of what is
  /// ready. All of a tick has the same time, taken once after the wait. Returns it.
  TimePoint tick(std::optional<TimePoint> deadline);

 private:
  friend class Watch;

  Descriptor epoll_;
  std::uint64_t last_id_ =
      0;  ///< never used twice, so that no late event reaches another's handler
  std::unordered_map<std::uint64_t, std::shared_ptr<Handler>> handlers_;
};

/// Calls a handler for a descriptor's events for as long as it lives, which is no longer than the
/// loop and the descriptor: declare it after both.
class Watch {
 public:
  Watch() = default;
  Watch(EventLoop& loop, int descriptor, std::uint32_t events, EventLoop::Handler handler);
  Watch(Watch&& other) noexcept { *this = std::move(other); }
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();

  void change(std::uint32_t events);

 private:
  EventLoop* loop_ = nullptr;
  int descriptor_ = -1;
  std::uint64_t id_ = 0;
  std::uint32_t events_ = 0;
};

}  // namespace onair::sfu
