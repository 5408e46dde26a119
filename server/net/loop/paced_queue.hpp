// Work that costs a millisecond a step, as a TLS handshake does, beside work that costs
// microseconds.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/loop/aliases.hpp"

namespace onair::net {

class PacedExecutor;

/// Runs functions for so long in each pass of the event loop, and one at least: whatever else is
/// ready comes between, so that a thousand of these hold nobody up. Lives as long as its io_context
/// and is used on its thread alone.
class PacedQueue {
 public:
  PacedQueue(asio::io_context& context, std::chrono::microseconds each_pass)
      : context_(context), each_pass_(each_pass) {}
  PacedQueue(const PacedQueue&) = delete;
  PacedQueue& operator=(const PacedQueue&) = delete;

  asio::io_context& context() const { return context_; }
  PacedExecutor executor();

  template <typename Function>
  void add(Function&& function) {
    waiting_.push_back(
        std::make_unique<WorkOf<std::decay_t<Function>>>(std::forward<Function>(function)));
    if (is_posted_) return;
    post();
    is_posted_ = true;
  }

  /// Forgets what waits. Only when the io_context runs no more.
  void clear() { waiting_.clear(); }

 private:
  struct Work {
    virtual ~Work() = default;
    virtual void run() = 0;
  };
  template <typename Function>
  struct WorkOf final : Work {
    explicit WorkOf(Function its_function) : function(std::move(its_function)) {}
    void run() override { function(); }
    Function function;
  };

  /// Asio runs what is posted after all that is ready now.
  void post() {
    asio::post(context_, [this] { run(); });
  }

  /// Posts the next run first: a function that throws ends this one alone.
  void run() {
    is_posted_ = !waiting_.empty();
    if (!is_posted_) return;
    post();
    const auto end = std::chrono::steady_clock::now() + each_pass_;
    do {
      const std::unique_ptr<Work> work = std::move(waiting_.front());
      waiting_.pop_front();
      work->run();
    } while (!waiting_.empty() && std::chrono::steady_clock::now() < end);
  }

  asio::io_context& context_;
  const std::chrono::microseconds each_pass_;
  std::deque<std::unique_ptr<Work>> waiting_;
  bool is_posted_ = false;
};

/// Puts functions into the queue (an executor of the Networking TS).
class PacedExecutor {
 public:
  explicit PacedExecutor(PacedQueue& queue) : queue_(&queue) {}

  asio::io_context& context() const noexcept { return queue_->context(); }
  void on_work_started() const noexcept {}
  void on_work_finished() const noexcept {}

  template <typename Function, typename Allocator>
  void dispatch(Function&& function, const Allocator&) const {
    queue_->add(std::forward<Function>(function));
  }
  template <typename Function, typename Allocator>
  void post(Function&& function, const Allocator&) const {
    queue_->add(std::forward<Function>(function));
  }
  template <typename Function, typename Allocator>
  void defer(Function&& function, const Allocator&) const {
    queue_->add(std::forward<Function>(function));
  }

  bool operator==(const PacedExecutor&) const = default;

 private:
  PacedQueue* queue_;
};

inline PacedExecutor PacedQueue::executor() {
  return PacedExecutor(*this);
}

}  // namespace onair::net
