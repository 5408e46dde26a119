// A clip of VP8 that a light talker sends again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "sfu/base/bytes.hpp"

namespace onair::load {

/// Frames at 30 a second, of which the first is a key frame. Each is filled up with zeros, which
/// decoders ignore behind a frame, to six packets of 1,042 bytes: with 50 packets of audio that
/// makes 230 packets and 1.5 Mbit in each second.
class Clip {
 public:
  static constexpr std::size_t kPacketPayload = 1'042;  ///< bytes, with the payload descriptor
  static constexpr std::size_t kPacketsPerFrame = 6;

  /// Reads an IVF file. Throws std::runtime_error with a sentence for people.
  explicit Clip(const std::filesystem::path& ivf);

  std::size_t frames() const { return frames_.size(); }
  /// How many packets the frame takes: kPacketsPerFrame, or more if it is large.
  std::size_t packets(std::size_t frame) const;
  /// Writes the payload of one packet (RFC 7741). Its size, at most kPacketPayload.
  std::size_t write(std::size_t frame, std::size_t packet, sfu::MutableBytes out) const;

 private:
  std::vector<std::vector<std::uint8_t>> frames_;
};

}  // namespace onair::load
