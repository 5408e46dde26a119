// Work that costs a millisecond a step, as a TLS handshake does, beside work that costs
// microseconds.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/loop/work.hpp"

namespace onair::net {

/// Runs functions for `budget_per_tick` of each tick, and one at least: whatever else is ready
/// comes between, so that a thousand of these hold nobody up. Lives as long as its io_context and
/// is used on its thread alone.
class PacedQueue {
 public:
  PacedQueue(asio::io_context& context, std::chrono::microseconds budget_per_tick)
      : context_(context), budget_per_tick_(budget_per_tick) {}
  PacedQueue(const PacedQueue&) = delete;
  PacedQueue& operator=(const PacedQueue&) = delete;

  asio::io_context& context() const { return context_; }
  QueueExecutor<PacedQueue> executor() { return QueueExecutor(*this); }

  template <typename Function>
  void later(Function&& function) {
    waiting_.push_back(make_work(std::forward<Function>(function)));
    if (is_posted_) return;
    post();
    is_posted_ = true;
  }

  /// The same: none runs before its tick.
  template <typename Function>
  void run(Function&& function) {
    later(std::forward<Function>(function));
  }

  /// Forgets what waits. Only when the io_context runs no more.
  void clear() { waiting_.clear(); }

 private:
  /// Asio runs what is posted after all that is ready now.
  void post() {
    asio::post(context_, [this] { run_tick(); });
  }

  /// Posts the next run first: a function that throws ends this one alone.
  void run_tick() {
    is_posted_ = !waiting_.empty();
    if (!is_posted_) return;
    post();
    const auto end = std::chrono::steady_clock::now() + budget_per_tick_;
    do {
      const std::unique_ptr<Work> work = std::move(waiting_.front());
      waiting_.pop_front();
      work->run();
    } while (!waiting_.empty() && std::chrono::steady_clock::now() < end);
  }

  asio::io_context& context_;
  const std::chrono::microseconds budget_per_tick_;
  std::deque<std::unique_ptr<Work>> waiting_;
  bool is_posted_ = false;
};

}  // namespace onair::net
