// Functions that wait until a thread runs them.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "net/loop/aliases.hpp"

namespace onair::net {

/// A function of any type, which need not be copyable.
struct Work {
  virtual ~Work() = default;
  virtual void run() = 0;
};

template <typename Function>
std::unique_ptr<Work> make_work(Function&& function) {
  using Held = std::decay_t<Function>;
  struct WorkOf final : Work {
    explicit WorkOf(Held its_function) : held(std::move(its_function)) {}
    void run() override { held(); }
    Held held;
  };
  return std::make_unique<WorkOf>(std::forward<Function>(function));
}

/// Hands functions to a queue (an executor of the Networking TS): to its `run` those that may run
/// at once, to its `later` all others.
template <typename Queue>
class QueueExecutor {
 public:
  explicit QueueExecutor(Queue& queue) : queue_(&queue) {}

  asio::io_context& context() const noexcept { return queue_->context(); }
  void on_work_started() const noexcept {}
  void on_work_finished() const noexcept {}

  template <typename Function, typename Allocator>
  void dispatch(Function&& function, const Allocator&) const {
    queue_->run(std::forward<Function>(function));
  }
  template <typename Function, typename Allocator>
  void post(Function&& function, const Allocator&) const {
    queue_->later(std::forward<Function>(function));
  }
  template <typename Function, typename Allocator>
  void defer(Function&& function, const Allocator&) const {
    queue_->later(std::forward<Function>(function));
  }

  bool operator==(const QueueExecutor&) const = default;

 private:
  Queue* queue_;
};

}  // namespace onair::net
