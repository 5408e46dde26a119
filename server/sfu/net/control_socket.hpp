// The Unix socket by which servers control the forwarder: see CONTROL.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sfu/control/control.hpp"
#include "sfu/forwarder_edge.hpp"
#include "sfu/net/descriptor.hpp"
#include "sfu/net/event_loop.hpp"

namespace onair::sfu {

class ControlSocket final : public EventSink {
 public:
  using Handle = std::function<control::Reply(const control::Request&, TimePoint now)>;

  /// Handled for one server. A viewer's description takes a fraction of a millisecond to answer,
  /// and the picture goes on while hundreds join.
  static constexpr int kRequestsATick = 4;

  /// Listens at the path, for this user alone (mode 0600). A lock on PATH.lock, which the system
  /// frees when a process dies, tells a socket file that was left behind, which is replaced, from
  /// one in use. Throws std::runtime_error with a sentence for people.
  ControlSocket(EventLoop& loop, std::filesystem::path path, Handle handle);
  /// Removes the socket file.
  ~ControlSocket() override;

  /// To every server. While a request is handled the event waits until its reply is written.
  void event(const control::Event& event) override;

  std::size_t servers() const { return servers_.size(); }

 private:
  struct Server;

  void accept_servers();
  void handle(std::uint64_t id, TimePoint now);
  /// False when the connection is to be closed.
  bool serve(Server& server, TimePoint now);
  void answer(Server& server, std::string_view line, TimePoint now);
  control::Reply reply_to(const Server& server, const control::Request& request, TimePoint now);
  void send_to_all(const control::Event& event);

  EventLoop& loop_;
  std::filesystem::path path_;
  Handle handle_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Server>> servers_;
  const Server* exclusive_ = nullptr;  ///< said hello as Hello::exclusive has it
  bool is_handling_ = false;
  std::vector<control::Event> held_;  ///< until the reply is written
  Descriptor lock_;
  Descriptor listener_;
  Watch watch_;
};

}  // namespace onair::sfu
