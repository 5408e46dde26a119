#include "session/opus.hpp"

#include "session/sdp.hpp"

namespace onair::session {
namespace {

constexpr std::string_view kAnnouncement = "sprop-stereo=1";
constexpr std::string_view kRequest = "stereo=1";

std::string opus_in(std::string_view sdp) {
  return format_of(sdp, "audio", "opus/48000/2");
}

std::string with(std::string_view sdp, std::string_view parameter) {
  const std::string opus = opus_in(sdp);
  if (has_parameter(sdp, "audio", opus, parameter)) return std::string(sdp);
  return with_parameter(sdp, "audio", opus, parameter);
}

}  // namespace

std::string announcing_stereo(std::string_view offer) {
  return with(offer, kAnnouncement);
}

bool announces_stereo(std::string_view offer) {
  return has_parameter(offer, "audio", opus_in(offer), kAnnouncement);
}

std::string receiving_stereo(std::string_view answer) {
  return with(answer, kRequest);
}

std::string sending_music(std::string_view answer) {
  return with(with(answer, kRequest), "maxaveragebitrate=" + std::to_string(kMusicBitrate));
}

}  // namespace onair::session
