// Decides who may send requests for a session of socket.io.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/engine_codec.hpp"

namespace onair::net {

/// The cookie that shows whose a session of Engine.IO 3 is: so many bytes in hex.
inline constexpr std::string_view kSessionCookie = "onair-io";
inline constexpr std::size_t kSessionCookieBytes = 16;

/// Evidence in a request of who sends it.
struct RequestSender {
  std::string address;  ///< as ClientOrigin counts it; empty for programs on this machine
  std::string cookie;   ///< of the session cookie; empty without one
};

/// Knows the client of a session. In revision 4 that is whoever knows the sid, which is a secret.
/// In revision 3 it is none: the client's peers know it as its id. There a browser shows the cookie
/// that came with its handshake; from then on nothing else counts, and its address may change. A
/// program that keeps no cookies has to keep its address.
class SessionOwner {
 public:
  SessionOwner(socketio::Revision revision, RequestSender opener);

  /// The cookie that the client is to show. Empty where it has shown one already, and in revision
  /// 4, which needs none.
  std::string new_cookie() const;
  /// True where the sender is the client. The caller has checked the sid.
  bool sends(const RequestSender& sender);

 private:
  /// Needed in revision 3.
  struct Proof {
    std::string address;
    std::string cookie;
    bool was_shown;  ///< the cookie
  };
  std::optional<Proof> proof_;
};

}  // namespace onair::net
