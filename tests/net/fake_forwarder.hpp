// A forwarder without media, which speaks the control protocol over a Unix socket.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "sfu/control/control.hpp"

namespace onair::tests {

namespace control = sfu::control;

class FakeForwarder {
 public:
  FakeForwarder();
  ~FakeForwarder();

  const std::filesystem::path& socket() const { return socket_; }

  /// The next request of this kind that has come, in the order in which they came. Waits for it
  /// within a bound.
  template <typename Kind>
  Kind expect() {
    std::unique_lock lock(mutex_);
    for (;;) {
      for (auto request = requests_.begin(); request != requests_.end(); ++request) {
        if (!std::holds_alternative<Kind>(*request)) continue;
        Kind found = std::get<Kind>(*request);
        requests_.erase(request);
        return found;
      }
      if (arrived_.wait_for(lock, std::chrono::seconds(20)) == std::cv_status::timeout) {
        throw std::runtime_error("no such request came within the bound");
      }
    }
  }

  /// How many requests of this kind have come that nobody has expected.
  template <typename Kind>
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        requests_.begin(), requests_.end(),
        [](const control::Request& request) { return std::holds_alternative<Kind>(request); }));
  }

  /// Sets the report that it gives of itself from now on.
  void set_report(const control::Report& report);

  /// Answers all requests with this fault from now on; nothing: as they should be.
  void fail_with(std::optional<control::ErrorCode> code);

  void send_connected(const std::string& peer);
  void send_media(const std::string& peer, bool on);
  void send_gone(const std::string& peer, control::GoneReason reason);

  /// Its process ends and another begins: all peers are gone.
  void restart();
  /// Its process is killed, with all its peers. Nobody listens on its socket any more, until
  /// rise().
  void die();
  void rise();
  /// Loses the connections with its servers, and goes on.
  void hang_up();
  /// Answers no request from now on, but keeps it, until answer_again() or its end.
  void fall_silent();
  void answer_again();

 private:
  struct Connection;
  using Local = boost::asio::local::stream_protocol;

  void listen();
  void accept();
  void read(const std::shared_ptr<Connection>& connection);
  void take(const std::shared_ptr<Connection>& connection, std::string_view line);
  void answer(Connection& connection, const control::NumberedRequest& request);
  void close_connections();
  control::Reply reply_to(const control::Request& request);
  control::Reply add(const std::string& room, const std::string& peer, const std::string& note,
                     bool publishes);
  std::string room_of(const std::string& peer);
  void run(std::function<void()> function);

  std::filesystem::path folder_;
  std::filesystem::path socket_;
  boost::asio::io_context context_;
  Local::acceptor acceptor_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::map<std::string, control::PeerInfo> peers_;
  std::optional<control::ErrorCode> fault_;
  control::Report report_;
  int instance_ = 1;
  bool is_silent_ = false;
  /// Requests that came while it was silent.
  std::vector<std::pair<std::shared_ptr<Connection>, control::NumberedRequest>> unanswered_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<control::Request> requests_;
  std::thread thread_;
};

}  // namespace onair::tests
