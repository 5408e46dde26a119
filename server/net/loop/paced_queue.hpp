// Work that costs a millisecond a step, as a TLS handshake does, beside work that costs
// microseconds.
#pragma once

#include <deque>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/loop/aliases.hpp"

namespace onair::net {

class PacedExecutor;

/// Runs one function in each pass of the event loop: whatever else is ready comes between any two,
/// so that a thousand of these hold nobody up. Lives as long as its io_context and is used on its
/// thread alone.
class PacedQueue {
 public:
  explicit PacedQueue(asio::io_context& context) : context_(context) {}
  PacedQueue(const PacedQueue&) = delete;
  PacedQueue& operator=(const PacedQueue&) = delete;

  asio::io_context& context() const { return context_; }
  PacedExecutor executor();

  template <typename Function>
  void add(Function&& function) {
    waiting_.push_back(
        std::make_unique<WorkOf<std::decay_t<Function>>>(std::forward<Function>(function)));
    if (!std::exchange(is_posted_, true)) post();
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
    asio::post(context_, [this] { run_one(); });
  }

  void run_one() {
    const std::unique_ptr<Work> work = std::move(waiting_.front());
    waiting_.pop_front();
    is_posted_ = !waiting_.empty();
    if (is_posted_) post();
    work->run();
  }

  asio::io_context& context_;
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
