#include "net/media/forwarder_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto kWhileStarting = 50ms;
constexpr auto kShortLife = 10s;
constexpr auto kRestartPause = 1'000ms;
constexpr auto kMaxPause = 30'000ms;

int open_process(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

/// Process and pidfd of who listens on a Unix socket.
struct Listener {
  pid_t pid = 0;
  int descriptor = -1;
};

bool is_open(int connection) {
  char byte = 0;
  return recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/// Nothing where nobody listens.
std::optional<Listener> listener_of(const std::filesystem::path& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, name.data(), name.size());
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return std::nullopt;
  std::optional<Listener> found;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    const int descriptor = open_process(peer.pid);
    // While the connection is open the process lives, so that the number is not another one's.
    if (descriptor >= 0 && is_open(connection)) {
      found = {peer.pid, descriptor};
    } else if (descriptor >= 0) {
      close(descriptor);
    }
  }
  if (connection >= 0) close(connection);
  return found;
}

/// Our environment without our own options, of which some are secrets that a program which reads
/// strangers' packets must not have.
std::vector<char*> environment_without_options() {
  std::vector<char*> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    if (!std::string_view(*at).starts_with("ONAIR_")) variables.push_back(*at);
  }
  variables.push_back(nullptr);
  return variables;
}

/// In a session of its own, so that neither the terminal's Ctrl-C nor its end reaches it, and with
/// no descriptor of ours: it would keep our port after our death. Gives an error number, or 0.
int spawn_detached(const std::filesystem::path& program, std::vector<std::string> arguments,
                   pid_t& pid) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::vector<char*> environment = environment_without_options();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // Threads of ours may block signals; and a shell's background job ignores SIGINT.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, pointers.data(),
                                environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

std::string ending_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, WNOHANG) != child) return "unknown";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "code " + std::to_string(WEXITSTATUS(status));
}

std::vector<std::string> arguments_of(const ForwarderOptions& options, const std::string& log_level,
                                      const std::filesystem::path& program,
                                      const std::filesystem::path& socket) {
  std::vector<std::string> arguments = {program.string(),
                                        "--control",
                                        socket.string(),
                                        "--media-port",
                                        std::to_string(options.media_port),
                                        "--log-level",
                                        log_level,
                                        "--exit-when-idle"};
  for (const std::string& address : options.media_addresses) {
    arguments.insert(arguments.end(), {"--media-address", address});
  }
  return arguments;
}

}  // namespace

std::filesystem::path forwarder_program() {
  std::error_code error;
  auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  program.replace_filename("onair-forwarder");
  return access(program.c_str(), X_OK) == 0 ? program : std::filesystem::path();
}

std::optional<std::filesystem::path> forwarder_socket(const ForwarderOptions& options,
                                                      const std::filesystem::path& state_dir) {
  switch (options.mode) {
    case ForwarderOptions::Mode::off: return std::nullopt;
    case ForwarderOptions::Mode::external: return options.socket;
    case ForwarderOptions::Mode::automatic: break;
  }
  if (forwarder_program().empty()) return std::nullopt;
  return state_dir / "forwarder.sock";
}

std::chrono::milliseconds RestartPause::after(std::chrono::steady_clock::duration life) {
  constexpr int kDoublings = 5;  // to 32 s
  if (life > kShortLife) short_lives_ = 0;
  const int before = std::min(short_lives_, kDoublings + 1);
  ++short_lives_;
  if (before == 0) return 0ms;
  return std::min(kMaxPause, kRestartPause * (1 << (before - 1)));
}

ForwarderProcess::ForwarderProcess(boost::asio::io_context& context,
                                   const ForwarderOptions& options, const std::string& log_level,
                                   std::filesystem::path program, std::filesystem::path socket)
    : process_(context),
      timer_(context),
      program_(std::move(program)),
      socket_(std::move(socket)),
      arguments_(arguments_of(options, log_level, program_, socket_)) {}

/// Uses the one that listens, waits for the one that starts, or starts one.
void ForwarderProcess::look() {
  if (is_ended_) return;
  if (const auto found = listener_of(socket_)) {
    const bool is_ours = is_child_ && found->pid == pid_;
    spdlog::info("event=forwarder_{} pid={}", is_ours ? "started" : "found", found->pid);
    is_starting_ = false;
    if (is_ours) {
      close(found->descriptor);
      return;
    }
    is_child_ = false;
    return watch(found->pid, found->descriptor);
  }
  if (is_starting_) return wait_and_look(kWhileStarting);
  spawn();
}

void ForwarderProcess::spawn() {
  std::error_code error_of_folder;  // if there is one, the program says so
  if (std::filesystem::create_directories(socket_.parent_path(), error_of_folder)) {
    std::filesystem::permissions(socket_.parent_path(), std::filesystem::perms::owner_all,
                                 error_of_folder);
  }
  started_ = std::chrono::steady_clock::now();
  const int error = spawn_detached(program_, arguments_, pid_);
  if (error != 0) {
    pid_ = 0;
    spdlog::error("event=forwarder_failed program=\"{}\" error=\"{}\"", program_.string(),
                  std::generic_category().message(error));
    return wait_and_look(kMaxPause);
  }
  is_child_ = true;
  is_starting_ = true;
  const int descriptor = open_process(pid_);
  if (descriptor >= 0) watch(pid_, descriptor);
  wait_and_look(kWhileStarting);
}

void ForwarderProcess::watch(pid_t pid, int descriptor) {
  error_code ignored;
  pid_ = pid;
  process_.close(ignored);
  process_.assign(descriptor, ignored);
  process_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, number = ++watched_](const error_code& error) {
                        if (!error && number == watched_) on_death();
                      });
}

void ForwarderProcess::on_death() {
  error_code ignored;
  process_.close(ignored);
  cancel_look();
  const pid_t dead = std::exchange(pid_, 0);
  const std::string ending = std::exchange(is_child_, false) ? ending_of(dead) : "unknown";
  is_starting_ = false;
  if (is_ended_) return;
  const auto pause = pause_.after(std::chrono::steady_clock::now() - started_);
  spdlog::error("event=forwarder_ended pid={} ending=\"{}\" again_in_ms={}", dead, ending,
                pause.count());
  wait_and_look(pause);
}

void ForwarderProcess::wait_and_look(std::chrono::milliseconds pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this, number = ++awaited_look_](const error_code& error) {
    if (!error && number == awaited_look_) look();
  });
}

void ForwarderProcess::cancel_look() {
  timer_.cancel();
  ++awaited_look_;
}

void ForwarderProcess::signal_end() {
  if (process_.is_open())
    syscall(SYS_pidfd_send_signal, process_.native_handle(), SIGTERM, nullptr, 0);
}

bool ForwarderProcess::replace() {
  if (is_child_) return false;
  started_ = {};  // so that ours is started at once
  signal_end();
  return true;
}

void ForwarderProcess::end(bool another_uses_it) {
  if (std::exchange(is_ended_, true)) return;
  cancel_look();
  ++watched_;
  if (is_child_ || !another_uses_it) {
    signal_end();
    spdlog::info("event=forwarder_stopped");
  }
  error_code ignored;
  process_.close(ignored);
}

}  // namespace onair::net
