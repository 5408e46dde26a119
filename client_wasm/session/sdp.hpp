// Format parameters in a session description (RFC 8866 section 6.15). A text that is not SDP, or
// has no such section, is returned unchanged.
#pragma once

#include <string>
#include <string_view>

namespace onair::session {

/// The preferred payload type of the first section of this kind ("audio" or "video"); empty without
/// one.
std::string first_format(std::string_view sdp, std::string_view kind);

/// The payload type of a codec in that section, as `opus/48000/2`; empty without one.
std::string format_of(std::string_view sdp, std::string_view kind, std::string_view codec);

/// True if the format has this parameter, as `stereo=1`.
bool has_parameter(std::string_view sdp, std::string_view kind, std::string_view format,
                   std::string_view parameter);

/// Adds a parameter to the format, or several with `;` between them.
std::string with_parameter(std::string_view sdp, std::string_view kind, std::string_view format,
                           std::string_view parameter);

}  // namespace onair::session
