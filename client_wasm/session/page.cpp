#include "session/page.hpp"

namespace onair::session {

std::string_view name_of(Notice notice) {
  switch (notice) {
    case Notice::none: return "none";
    case Notice::no_local_stream: return "no_local_stream";
    case Notice::no_signaling: return "no_signaling";
    case Notice::camera_refused: return "camera_refused";
    case Notice::no_camera: return "no_camera";
    case Notice::camera_in_use: return "camera_in_use";
    case Notice::insecure_context: return "insecure_context";
    case Notice::screen_refused: return "screen_refused";
    case Notice::screen_not_supported: return "screen_not_supported";
    case Notice::media_failed: return "media_failed";
    case Notice::media_ended: return "media_ended";
    case Notice::microphone_replaced: return "microphone_replaced";
    case Notice::switch_failed: return "switch_failed";
    case Notice::screen_ended: return "screen_ended";
    case Notice::connection_failed: return "connection_failed";
  }
  return "none";
}

}  // namespace onair::session
