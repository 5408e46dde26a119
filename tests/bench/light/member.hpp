// A light viewer as a member of the room: enters over /ws as a page does, and takes the forwarder's
// offer (PROTOCOL.md, "Through the forwarder"). It can't take a browser's, which asks for more of
// ICE than light peers have, so it has no picture while the talker serves its viewers itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "light/viewer.hpp"
#include "load/client.hpp"
#include "sfu/base/time.hpp"

namespace onair::load {

/// Call advance() every few milliseconds.
class Member {
 public:
  /// Enters at once; the server is on this machine. `connecting` is called when `viewer`, which
  /// outlives it, has a descriptor.
  Member(boost::asio::io_context& context, std::uint16_t port, const std::string& room,
         Viewer& viewer, std::function<void()> connecting);

  void advance(sfu::TimePoint now);
  void leave() { client_.leave(); }

  /// The server has ended the WebSocket.
  bool is_cut() const { return is_cut_; }
  /// How late each line of the chat came that says when it was sent ("sent at" and the Unix time in
  /// ms), in ms.
  const std::vector<double>& chat_latencies() const { return chat_latencies_; }

 private:
  void request(std::string_view peer);
  void receive(std::string_view frame);
  void read_line(const std::string& text);

  Client client_;
  Viewer& viewer_;
  std::function<void()> connecting_;
  std::string talker_;           ///< whose picture the forwarder has
  std::string forwarder_;        ///< that has offered
  sfu::TimePoint next_request_;  ///< when to ask the talkers again
  bool has_entered_ = false;
  bool is_cut_ = false;
  bool has_reported_ = false;  ///< to the talker that it has the picture
  std::vector<double> chat_latencies_;
};

}  // namespace onair::load
