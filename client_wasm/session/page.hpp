// The inputs and outputs that concern the person at the page.
#pragma once

#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace onair::session {

/// Something the person should know. The page has the words.
enum class Notice {
  none,
  no_local_stream,       ///< On Air without a camera or screen
  no_signaling,          ///< the server is not connected just now
  camera_refused,        ///< NotAllowedError
  no_camera,             ///< NotFoundError, OverconstrainedError
  camera_in_use,         ///< NotReadableError, AbortError
  insecure_context,      ///< navigator.mediaDevices is missing
  screen_refused,        ///< NotAllowedError of getDisplayMedia
  screen_not_supported,  ///< getDisplayMedia is missing, as on phones
  media_failed,          ///< any other failure
  media_ended,        ///< the device was unplugged, or sharing was ended in the browser's own bar
  device_lost,        ///< the same while on air: another one has taken its place, or will
  microphone_lost,    ///< unplugged, and there is no other: the picture goes on without sound
  screen_ended,       ///< sharing was ended in the browser's own bar, and the camera has come back
  connection_failed,  ///< no way to the other end was found
};

std::string_view name_of(Notice notice);

// Outputs.

/// `view()` differs from what it was.
struct ViewChanged {};

/// A text of the peer at the other end of a data channel.
struct ShowText {
  protocol::PeerId from;
  std::string text;
};

/// A line for the developer's console: a state change and its reason, or what was dropped and why.
struct Trace {
  std::string line;
};

// Inputs.

/// The page is there.
struct Started {};

/// The page goes away.
struct LeaveRequested {};

/// A text for the other ends of all open data channels.
struct TextEntered {
  std::string text;
};

}  // namespace onair::session
