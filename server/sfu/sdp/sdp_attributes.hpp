// Attributes of a section, each read into its field.
#pragma once

#include <optional>
#include <string_view>

#include "sfu/sdp/sdp.hpp"

namespace onair::sfu {

/// Fault of a line, or nothing.
using SdpProblem = std::optional<SdpError>;

/// Reads `a=NAME:VALUE`. Skips an attribute that we don't use.
SdpProblem read_attribute(Section& section, std::string_view name, std::string_view value);

}  // namespace onair::sfu
