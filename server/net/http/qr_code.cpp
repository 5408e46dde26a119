#include "net/http/qr_code.hpp"

#include <qrcodegen/QrCode.hpp>

namespace onair::net {
namespace {

constexpr int kMargin = 4;  // modules, ISO/IEC 18004 section 6.3.8

}  // namespace

std::optional<std::string> qr_code_of(std::string_view link) {
  if (!link.starts_with("http://") && !link.starts_with("https://")) return std::nullopt;
  if (link.size() > kMaxQrLinkBytes) return std::nullopt;
  const std::vector<std::uint8_t> bytes(link.begin(), link.end());
  const auto code = qrcodegen::QrCode::encodeBinary(bytes, qrcodegen::QrCode::Ecc::MEDIUM);
  const std::string size = std::to_string(code.getSize() + 2 * kMargin);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + ' ' + size +
                    "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" + size + "v" +
                    size + "H0z\"/><path d=\"";
  for (int y = 0; y < code.getSize(); ++y) {
    for (int x = 0; x < code.getSize(); ++x) {
      if (!code.getModule(x, y)) continue;
      svg += 'M' + std::to_string(x + kMargin) + ' ' + std::to_string(y + kMargin) + "h1v1h-1z";
    }
  }
  return svg + "\"/></svg>\n";
}

}  // namespace onair::net
