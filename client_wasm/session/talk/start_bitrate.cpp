#include "session/talk/start_bitrate.hpp"

#include "session/sdp.hpp"

namespace onair::session {

std::string with_start_bitrate(std::string_view answer, std::uint32_t bits_per_second) {
  return with_parameter(answer, "video", first_format(answer, "video"),
                        "x-google-start-bitrate=" + std::to_string(bits_per_second / 1000));
}

}  // namespace onair::session
