// The inputs and outputs that concern the person at the page.
#pragma once

#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace onair::session {

/// Events to show to the person. The page has the texts.
enum class Notice {
  none,
  no_local_stream,       ///< On Air pressed without a camera or screen
  no_signaling,          ///< no connection to the server
  camera_refused,        ///< NotAllowedError
  no_camera,             ///< NotFoundError, OverconstrainedError
  camera_in_use,         ///< NotReadableError, AbortError
  insecure_context,      ///< navigator.mediaDevices is missing
  screen_refused,        ///< NotAllowedError of getDisplayMedia
  screen_not_supported,  ///< getDisplayMedia is missing, as on phones
  media_failed,          ///< any other failure
  media_ended,           ///< device unplugged, or screen sharing stopped in the browser's own bar
  microphone_replaced,   ///< unplugged while on air; viewers hear another one now
  switch_failed,         ///< the device picked last can't be used; the one before is sent
  screen_ended,          ///< sharing stopped in the browser's own bar; the camera replaces it
  connection_failed,     ///< no path to the other end was found
};

std::string_view name_of(Notice notice);

// Outputs.

/// `view()` has changed.
struct ViewChanged {};

/// Show a text that a peer sent over its data channel.
struct ShowText {
  protocol::PeerId from;
  std::string text;
};

/// A line for the developer's console: a state change or a dropped input, with the reason.
struct Trace {
  std::string line;
};

// Inputs.

/// The page has loaded.
struct Started {};

/// The page is about to close.
struct LeaveRequested {};

/// Text to send over all open data channels.
struct TextEntered {
  std::string text;
};

}  // namespace onair::session
