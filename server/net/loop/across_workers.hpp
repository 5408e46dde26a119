// How a coroutine of one worker asks something of another.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

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
    std::optional<Value>& answer = state_->value;
    for (;;) {
      if (answer) co_return std::move(*answer);
      co_await bell_.async_wait(no_throw);
    }
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

/// Asks each worker on its own thread, one after the other. No coroutine of the asker's leaves its
/// context: at the end of the process contexts are destroyed one by one, with what is queued there.
template <typename Ask>
auto ask_each(const Workers& workers, Ask ask)
    -> Task<std::vector<std::invoke_result_t<Ask, Worker&>>> {
  using Answer = std::invoke_result_t<Ask, Worker&>;
  const Executor executor = co_await asio::this_coro::executor;
  std::vector<Answer> answers;
  for (const auto& worker : workers) {
    Awaited<Answer> answer(executor.context());
    auto question = [ask, reply = answer.reply(), &worker = *worker] { reply(ask(worker)); };
    asio::post(worker->context(), std::move(question));
    answers.push_back(co_await answer.value());
  }
  co_return answers;
}

inline Task<std::vector<WorkerReport>> reports_of(const Workers& workers) {
  return ask_each(workers, [](const Worker& worker) { return worker.report(); });
}

}  // namespace onair::net
