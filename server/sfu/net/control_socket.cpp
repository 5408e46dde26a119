#include "sfu/net/control_socket.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "sfu/control/line_reader.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kMaxServers = 16;

/// While more than that waits for a server, its next requests wait too.
constexpr std::size_t kPauseBytes = 262'144;
/// A server for which more than that waits reads nothing, and is cut off.
constexpr std::size_t kMaxWaitingBytes = 1'048'576;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error("The control socket " + path.string() + " can't be opened (" + why +
                           "): mend that, or choose another path with --control.");
}
[[noreturn]] void fail(const std::filesystem::path& path) {
  fail(path, std::generic_category().message(errno));
}

Descriptor lock(const std::filesystem::path& path) {
  const std::string name = path.string() + ".lock";
  Descriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) fail(path);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) fail(path, "another onair-forwarder uses it");
    fail(path);
  }
  return file;
}

/// Removes what a dead process left. The caller has the lock.
void remove_stale(const std::filesystem::path& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail(path);
  }
  if (!S_ISSOCK(status.st_mode)) fail(path, "there is a file that is no socket");
  if (unlink(path.c_str()) != 0) fail(path);
}

Descriptor listen_at(const std::filesystem::path& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = path.string();
  if (name.empty() || name.size() >= sizeof address.sun_path)
    fail(path,
         "a path of 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes is needed");
  std::memcpy(address.sun_path, name.data(), name.size());
  remove_stale(path);
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The file has its mode from the beginning: no moment in which others may connect.
  if (!listener || fchmod(listener.get(), 0600) != 0) fail(path);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), 16) != 0)
    fail(path);
  return listener;
}

}  // namespace

struct ControlSocket::Server {
  Descriptor socket;
  LineReader reader;
  std::string output;
  bool has_more = false;  ///< requests that wait for the next tick
  Watch watch;

  /// Sends what can be sent now. False when the connection is lost.
  bool flush() {
    while (!output.empty()) {
      const ssize_t count =
          ::send(socket.get(), output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      output.erase(0, static_cast<std::size_t>(count));
    }
    return true;
  }
  bool is_slow() const { return output.size() > kPauseBytes; }
  void update_watch() {
    // A socket that takes output wakes the loop at once, for requests that have been read already.
    const bool waits_for_tick = !output.empty() || has_more;
    watch.change((is_slow() ? 0U : EPOLLIN) | (waits_for_tick ? EPOLLOUT : 0U));
  }
  /// The handler, which the closing wakes, removes the server.
  void cut_off() {
    output.clear();
    shutdown(socket.get(), SHUT_RDWR);
  }
  void write(std::string_view line) {
    output += line;
    if (!flush() || output.size() > kMaxWaitingBytes) cut_off();
    update_watch();
  }
};

ControlSocket::ControlSocket(EventLoop& loop, std::filesystem::path path, Handle handle)
    : loop_(loop),
      path_(std::move(path)),
      handle_(std::move(handle)),
      lock_(lock(path_)),
      listener_(listen_at(path_)),
      // Edge-triggered: level-triggered would spin when no descriptor is left. The next connection
      // also accepts those that wait.
      watch_(loop, listener_.get(), EPOLLIN | EPOLLET,
             [this](std::uint32_t, TimePoint) { accept_servers(); }) {}

ControlSocket::~ControlSocket() {
  unlink(path_.c_str());
}

void ControlSocket::accept_servers() {
  for (;;) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    if (servers_.size() >= kMaxServers) continue;
    const std::uint64_t id = ++last_id_;
    auto server = std::make_unique<Server>();
    server->socket = std::move(socket);
    server->watch = Watch(loop_, server->socket.get(), EPOLLIN,
                          [this, id](std::uint32_t, TimePoint now) { this->handle(id, now); });
    servers_.emplace(id, std::move(server));
    spdlog::info("event=server_connected servers={}", servers_.size());
  }
}

void ControlSocket::handle(std::uint64_t id, TimePoint now) {
  Server& server = *servers_.at(id);
  // Requests that a server sent before it closed are still read. Where nothing can be written any
  // more, no more is read either.
  if (server.flush() && serve(server, now)) return server.update_watch();
  if (exclusive_ == &server) exclusive_ = nullptr;
  servers_.erase(id);
  spdlog::info("event=server_disconnected servers={}", servers_.size());
}

bool ControlSocket::serve(Server& server, TimePoint now) {
  server.has_more = false;
  for (int answered = 0;;) {
    for (; !server.is_slow(); ++answered) {
      if (answered == kRequestsATick) {
        server.has_more = true;
        return true;
      }
      const auto line = server.reader.next();
      if (!line) break;
      answer(server, *line, now);
    }
    if (server.is_slow()) return true;
    const std::span<char> space = server.reader.space();
    if (space.empty()) return false;  // a line is too long
    const ssize_t count = recv(server.socket.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    server.reader.filled(static_cast<std::size_t>(count));
  }
}

void ControlSocket::answer(Server& server, std::string_view line, TimePoint now) {
  const auto parsed = control::parse_request(line);
  if (const auto* refusal = std::get_if<control::NumberedReply>(&parsed)) {
    return server.write(serialize(*refusal));
  }
  const auto& request = std::get<control::NumberedRequest>(parsed);
  is_handling_ = true;
  const control::Reply reply = reply_to(server, request.request, now);
  is_handling_ = false;
  server.write(serialize(control::NumberedReply{request.id, reply}));
  for (const control::Event& event : std::exchange(held_, {})) send_to_all(event);
}

control::Reply ControlSocket::reply_to(const Server& server, const control::Request& request,
                                       TimePoint now) {
  const auto* hello = std::get_if<control::Hello>(&request);
  const bool is_exclusive = hello != nullptr && hello->exclusive;
  if (is_exclusive && exclusive_ != nullptr && exclusive_ != &server) {
    return control::Error{control::ErrorCode::in_use, "Another server uses this forwarder."};
  }
  control::Reply reply = handle_(request, now);
  if (is_exclusive && std::holds_alternative<control::Greeting>(reply)) exclusive_ = &server;
  return reply;
}

void ControlSocket::event(const control::Event& event) {
  if (is_handling_) return held_.push_back(event);
  send_to_all(event);
}

void ControlSocket::send_to_all(const control::Event& event) {
  if (servers_.empty()) return;
  const std::string line = serialize(event);
  for (const auto& [id, server] : servers_) server->write(line);
}

}  // namespace onair::sfu
