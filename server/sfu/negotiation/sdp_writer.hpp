// Writes the forwarder's session descriptions (RFC 8866).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sfu/negotiation/negotiation.hpp"

namespace onair::sfu {

/// An m-line of ours, and what follows it.
struct LocalSection {
  MediaKind kind = MediaKind::audio;
  std::string_view protocol = "UDP/TLS/RTP/SAVPF";
  Direction direction = Direction::recvonly;
  Setup setup = Setup::passive;
  const AgreedMedia* media = nullptr;
  const Section* offered = nullptr;  ///< whose extension directions are mirrored; nullptr in offers
  std::uint32_t start_bitrate = 0;   ///< bits per second; 0: none
  const LocalStreams* streams = nullptr;  ///< of what we send
};

class SdpWriter {
 public:
  /// The mids of the BUNDLE group. Empty: there is no group, and at most one section is written.
  SdpWriter(const LocalTransport& local, const std::vector<std::string>& bundle);

  /// The group's first section carries the candidates (RFC 8843 section 7.3.2).
  void write(const LocalSection& section);
  /// Writes the section of an m-line that is not accepted (RFC 3264 section 6).
  void reject(const Section& offered);

  std::string take() { return std::move(text_); }

 private:
  void line(std::initializer_list<std::string_view> parts);
  void write_transport(Setup setup);
  void write_candidates();
  void write_extensions(const LocalSection& section);
  void write_format(const AgreedFormat& format, std::uint32_t start_bitrate);
  void write_sources(const LocalSection& section);

  const LocalTransport& local_;
  std::string text_;
  std::optional<std::string> tag_;  ///< the mid of the group's first section
};

std::string_view name_of(MediaKind kind);
std::string_view name_of(Direction direction);

}  // namespace onair::sfu
