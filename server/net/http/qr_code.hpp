// A link as a QR code (ISO/IEC 18004), for a phone's camera.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace onair::net {

/// The longest link that becomes a code, in bytes.
inline constexpr std::size_t kMaxQrLinkBytes = 1'024;

/// An SVG picture, dark on white with the margin that readers need. Nothing for what is no link to
/// a page (http, https) or is too long.
std::optional<std::string> qr_code_of(std::string_view link);

}  // namespace onair::net
