#include "light/clip.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace onair::load {
namespace {

constexpr std::size_t kFileHeader = 32;
constexpr std::size_t kFrameHeader = 12;
constexpr std::size_t kDescriptor = 1;
constexpr std::size_t kPicture = Clip::kPacketPayload - kDescriptor;  ///< bytes of it in a packet
constexpr std::uint8_t kStart = 0x10;  ///< S: the packet begins a partition

std::size_t little_endian_u32(const std::uint8_t* at) {
  return at[0] | std::size_t{at[1]} << 8 | std::size_t{at[2]} << 16 | std::size_t{at[3]} << 24;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

Clip::Clip(const std::filesystem::path& ivf) {
  const std::vector<std::uint8_t> bytes = read_file(ivf);
  for (std::size_t at = kFileHeader; at + kFrameHeader <= bytes.size();) {
    const std::size_t size = little_endian_u32(&bytes[at]);
    at += kFrameHeader;
    if (size > bytes.size() - at) break;
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::uint8_t>& frame =
        frames_.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    frame.resize(std::max(frame.size(), kPacketsPerFrame * kPicture));
    at += size;
  }
  constexpr std::uint8_t kIsInterFrame = 1;  // RFC 6386, section 9.1
  if (frames_.empty() || (frames_.front()[0] & kIsInterFrame) != 0) {
    throw std::runtime_error("\"" + ivf.string() +
                             "\" is no IVF file that begins with a key frame.");
  }
}

std::size_t Clip::packets(std::size_t frame) const {
  return (frames_[frame].size() + kPicture - 1) / kPicture;
}

std::size_t Clip::write(std::size_t frame, std::size_t packet, sfu::MutableBytes out) const {
  const sfu::Bytes picture = sfu::Bytes(frames_[frame]).subspan(packet * kPicture);
  const std::size_t size = std::min(picture.size(), kPicture);
  out[0] = packet == 0 ? kStart : 0;
  std::copy_n(picture.begin(), size, out.begin() + kDescriptor);
  return kDescriptor + size;
}

}  // namespace onair::load
