// Messages from the threads of a library to a member of the bus on its own thread, with a bound.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

#include <boost/asio/io_context.hpp>

#include "cluster/wire.hpp"

namespace onair::net {

/// Everything but the constructor may be called from any thread.
class Inbox {
 public:
  using Handler = std::function<void(cluster::WireMember&)>;

  /// `member` is called on `context`; both may end before this, after `close`. At most `most_bytes`
  /// wait: more is dropped. The member can't know what it missed, so it gets an outage that is over
  /// at once.
  Inbox(boost::asio::io_context& context, cluster::WireMember& member, std::size_t most_bytes)
      : most_bytes_(most_bytes), context_(&context), member_(&member) {}

  /// Has a message of so many bytes handled. One of none is never dropped: it tells how the
  /// connection is.
  void post(std::size_t bytes, Handler handler);

  /// Has `function` called on the member's thread when the connection was closed, with what is
  /// known of why.
  void on_closed(std::function<void(const std::string& error)> function);
  void post_closed(const std::string& error);

  /// Whatever comes afterwards is forgotten. What waits must not run any more.
  void close();

 private:
  void drop_and_resume();

  const std::size_t most_bytes_;
  std::mutex mutex_;
  boost::asio::io_context* context_;  ///< nothing: closed
  cluster::WireMember* member_;
  std::function<void(const std::string&)> closed_;
  std::size_t bytes_ = 0;  ///< of what waits
  bool drops_ = false;     ///< until what waits has been handled
};

}  // namespace onair::net
