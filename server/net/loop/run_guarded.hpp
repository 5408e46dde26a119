// How a thread of the server runs its work.
#pragma once

#include <exception>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

namespace onair::net {

inline void log_exception(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    spdlog::critical("event=exception error=\"{}\"", error.what());
  } catch (...) {
    spdlog::critical("event=exception error=\"of no known type\"");
  }
}

/// Ends of coroutines that nobody waits for (completion tokens of co_spawn). What one of a
/// connection throws is logged, and the connection is gone with its coroutine; what one of the
/// server throws counts as thrown by a handler.
inline constexpr auto end_of_connection = [](const std::exception_ptr& thrown) {
  if (thrown) log_exception(thrown);
};
inline constexpr auto end_of_service = [](const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

/// Runs the context until it has nothing more to do or is stopped. A handler that throws is a
/// defect of ours which may have left something half done: it is logged, `on_exception` is called,
/// and the others go on.
inline void run_guarded(boost::asio::io_context& context,
                        const std::function<void()>& on_exception) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (...) {
      log_exception(std::current_exception());
    }
    on_exception();
  }
}

}  // namespace onair::net
