// How a coroutine of one worker asks something of another.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"

namespace onair::net {

/// An answer that a coroutine waits for. It is the coroutine's thread that touches it, whoever
/// gives the answer.
template <typename Value>
class Awaited {
 public:
  explicit Awaited(asio::io_context& context)
      : state_(std::make_shared<State>(State{&bell_, {}})),
        bell_(context, Timer::time_point::max()),
        context_(context) {}
  ~Awaited() { state_->bell = nullptr; }
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

  /// Makes the function that gives the answer, from any thread; the first answer counts.
  std::function<void(Value)> reply() const {
    return [state = state_, &context = context_](Value value) {
      asio::post(context, [state, value = std::move(value)]() mutable {
        if (state->bell == nullptr || state->value) return;
        state->value = std::move(value);
        state->bell->cancel();
      });
    };
  }

  Task<Value> value() {
    while (!state_->value) co_await bell_.async_wait(no_throw);
    co_return std::move(*state_->value);
  }

 private:
  struct State {
    Timer* bell;  ///< nothing when nobody waits any more
    std::optional<Value> value;
  };
  std::shared_ptr<State> state_;
  Timer bell_;
  asio::io_context& context_;
};

/// Calls `function` on the worker's thread, within its tick.
template <typename Function>
void call_on(Worker& worker, Function function) {
  asio::post(worker.context(),
             [&worker, function = std::move(function)]() mutable { worker.tick().run(function); });
}

}  // namespace onair::net
