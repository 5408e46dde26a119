// Keeps an onair-forwarder running beside the server.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/media/forwarder_options.hpp"

namespace onair::net {

/// The control socket to connect to. Nothing where there is no forwarder: it is off, or `auto` and
/// no program onair-forwarder lies beside this one.
std::optional<std::filesystem::path> forwarder_socket(const ForwarderOptions& options,
                                                      const std::filesystem::path& state_dir);

/// onair-forwarder in the folder of this executable. Empty where there is none.
std::filesystem::path forwarder_program();

/// How long to wait before a process that has died is started again: at once, and after 1, 2, 4 s
/// and so on up to 30 s for as long as it dies within 10 s. One that dies at its start will do so
/// again: its port is taken, say.
class RestartPause {
 public:
  std::chrono::milliseconds after(std::chrono::steady_clock::duration life);

 private:
  int short_lives_ = 0;  ///< one after the other
};

/// Finds the living forwarder of a socket, or starts one, and again when it has died (see
/// RestartPause). Whoever uses the socket connects by itself, again and again.
///
/// The process outlives this one however it ends, since pictures do: it has a session of its own,
/// none of our descriptors and none of our secrets. `end` stops it. One that nobody comes back to
/// ends by itself
/// (--exit-when-idle).
///
/// One thread: that of the context. Destroy it before the context, on that thread or after it.
class ForwarderProcess {
 public:
  /// `program` is started with `socket` as its control socket.
  ForwarderProcess(boost::asio::io_context& context, const ForwarderOptions& options,
                   const std::string& log_level, std::filesystem::path program,
                   std::filesystem::path socket);

  void start() { look(); }

  /// An operator ends onair as a whole: sends SIGTERM to the forwarder, ours or found, and keeps it
  /// no longer. One that was found is left where `another_uses_it`. Not after a defect of the
  /// server: then the next server finds the forwarder.
  void end(bool another_uses_it = false);

  /// Ends one that speaks another version of the protocol, as one of the package before may: ours
  /// is started then. False where that can't help: it is ours already.
  bool replace();

  /// 0 while there is none.
  pid_t pid() const { return pid_; }
  /// It listens on its socket.
  bool is_up() const { return pid_ != 0 && !is_starting_; }

 private:
  void look();
  void spawn();
  void watch(pid_t pid, int descriptor);
  void cancel_look();
  void on_death();
  void wait_and_look(std::chrono::milliseconds pause);
  void signal_end();

  boost::asio::posix::stream_descriptor process_;  ///< a pidfd (pidfd_open(2)), readable at the end
  boost::asio::steady_timer timer_;
  std::filesystem::path program_;
  std::filesystem::path socket_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
  bool is_ended_ = false;
  bool is_child_ = false;     ///< we started it, and learn how it ended
  bool is_starting_ = false;  ///< its socket has not been open yet
  std::chrono::steady_clock::time_point started_{};
  RestartPause pause_;
  // Numbers of what is awaited: a completion of an earlier one that is on its way does not count.
  unsigned watched_ = 0;
  unsigned awaited_look_ = 0;
};

}  // namespace onair::net
