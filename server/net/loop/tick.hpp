// A thread's work in ticks: handles everything that has been received, and writes the output of it
// once, at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "net/loop/aliases.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/byte_budget.hpp"
#include "net/loop/work.hpp"
#include "rooms/prefetch.hpp"

namespace onair::net {

/// A connection that has output to write at the end of the tick.
class Flushable {
 public:
  virtual void flush() = 0;

 protected:
  ~Flushable() = default;
};

/// Lives as long as its io_context and is used on its thread alone.
class Tick {
 public:
  explicit Tick(asio::io_context& context) : context_(context) {}
  Tick(const Tick&) = delete;
  Tick& operator=(const Tick&) = delete;

  asio::io_context& context() const { return context_; }
  /// Runs functions within the tick: at once where that is allowed, else put off. When a completion
  /// handler that is bound to it runs is up to the library: since Boost 1.82 other connections may
  /// come first.
  QueueExecutor<Tick> executor() { return QueueExecutor(*this); }

  /// Calls `function`, and then whatever was put off in the meantime, before it returns. After an
  /// exception the next call goes on with what was put off.
  template <typename Function>
  void run(Function&& function) {
    const Running running(running_);
    std::forward<Function>(function)();
    if (!running.is_outermost) return;
    while (!put_off_.empty()) {
      const std::unique_ptr<Work> work = std::move(put_off_.front());
      put_off_.pop_front();
      work->run();
    }
  }

  /// Puts `function` off until what runs now has returned; it runs before anything else comes from
  /// the network.
  template <typename Function>
  void later(Function&& function) {
    put_off_.push_back(make_work(std::forward<Function>(function)));
    if (!running_) asio::post(context_, [this] { run([] {}); });
  }

  /// Calls its `flush` once, when all that is ready to be read has been read.
  void flush_at_end(std::shared_ptr<Flushable> output) {
    outputs_.push_back(std::move(output));
    end_soon();
  }

  /// Calls the function before the outputs are flushed. To be set before anything runs.
  void before_flush(std::function<void()> function) { before_flush_ = std::move(function); }

  /// Forgets what is under way. Only when the io_context runs no more.
  void clear() {
    put_off_.clear();
    outputs_.clear();
    flushing_.clear();
  }

  /// Makes sure that the end of this tick comes.
  void end_soon() {
    if (!std::exchange(ending_, true)) asio::post(context_, [this] { end(); });
  }

  /// Output that waits to be written to all clients of this thread.
  ByteBudget output_budget;
  /// Input from them that is not whole yet: messages and bodies of requests.
  ByteBudget input_budget;

  /// Bytes of a buffer for what is read from a socket at once.
  static constexpr std::size_t kReadBytes = 65'536;

  /// For what is read from this thread's sockets.
  BufferPool& buffers() { return buffers_; }
  /// For the beginnings of messages. What Beast hands over at once fits into one.
  BufferPool& message_buffers() { return message_buffers_; }

 private:
  /// Notes that functions run, for as long as it lives.
  struct Running {
    explicit Running(bool& its_flag)
        : flag(its_flag), is_outermost(!std::exchange(its_flag, true)) {}
    ~Running() {
      if (is_outermost) flag = false;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    bool& flag;
    const bool is_outermost;
  };
  /// Writing to a crowd takes long: before that, it looks again for more to write to the same.
  static constexpr std::size_t kCrowd = 64;
  static constexpr int kMostLooks = 16;

  void end() {
    const bool grew =
        std::exchange(bytes_at_last_look_, output_budget.used()) != output_budget.used();
    if (grew && outputs_.size() >= kCrowd && looks_ < kMostLooks) {
      ++looks_;
      return asio::post(context_, [this] { end(); });
    }
    looks_ = 0;
    ending_ = false;
    if (before_flush_) before_flush_();
    flush();
  }

  /// After an exception the next call goes on behind the output that threw.
  void flush() {
    std::move(outputs_.begin(), outputs_.end(), std::back_inserter(flushing_));
    outputs_.clear();
    for (std::size_t i = 0; i < flushing_.size(); ++i) {
      const std::size_t next = i + rooms::kAhead;
      if (next < flushing_.size()) rooms::prefetch(flushing_[next].get());
      if (const auto output = std::move(flushing_[i])) output->flush();
    }
    flushing_.clear();
  }

  asio::io_context& context_;
  bool running_ = false;
  std::deque<std::unique_ptr<Work>> put_off_;
  bool ending_ = false;
  std::size_t bytes_at_last_look_ = 0;
  int looks_ = 0;
  std::function<void()> before_flush_;
  std::vector<std::shared_ptr<Flushable>> outputs_;
  std::vector<std::shared_ptr<Flushable>> flushing_;
  BufferPool buffers_{kReadBytes, 4};
  BufferPool message_buffers_{2'048, 64};
};

}  // namespace onair::net
