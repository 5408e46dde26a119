#include "light/descriptions.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <sstream>

namespace onair::load {
namespace {

constexpr std::string_view kSession =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n";

constexpr std::string_view kAudioExtensions =
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";

constexpr std::string_view kVideoExtensions =
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=extmap:13 urn:3gpp:video-orientation\r\n";

constexpr std::string_view kTransportNumber =
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

// Janus waits for a candidate, and as a lite agent never sends there (RFC 8445, section 2.5).
constexpr std::string_view kCandidate =
    "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n";

constexpr std::string_view kOpus =
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

// The codecs with their payload types in Chromium; the type of each one's RTX is the next one.
struct Codec {
  int payload_type;
  std::string_view name;
  std::string_view parameters;
};
constexpr std::array<Codec, 5> kCodecs{{
    {kVp8Type, "VP8", ""},
    {98, "VP9", "profile-id=0"},
    {103, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"},
    {109, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    {45, "AV1", "level-idx=5;profile=0;tier=0"},
}};

void write_codec(std::ostream& out, const Codec& codec) {
  const int type = codec.payload_type;
  out << "a=rtpmap:" << type << ' ' << codec.name << "/90000\r\n";
  for (const char* feedback : {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}) {
    out << "a=rtcp-fb:" << type << ' ' << feedback << "\r\n";
  }
  if (!codec.parameters.empty()) out << "a=fmtp:" << type << ' ' << codec.parameters << "\r\n";
  out << "a=rtpmap:" << type + 1 << " rtx/90000\r\na=fmtp:" << type + 1 << " apt=" << type
      << "\r\n";
}

void begin_section(std::ostream& out, const OwnTransport& own, std::string_view media,
                   std::string_view types, int mid) {
  out << "m=" << media << " 9 UDP/TLS/RTP/SAVPF" << types
      << "\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:" << own.ice.ufrag
      << "\r\na=ice-pwd:" << own.ice.pwd
      << "\r\na=ice-options:trickle\r\na=fingerprint:" << own.fingerprint
      << "\r\na=setup:actpass\r\na=mid:" << mid << "\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
      << kCandidate;
}

// Returns the rest of the line behind the first `name`; empty if there is none.
std::string_view value_of(std::string_view sdp, std::string_view name) {
  const std::size_t at = sdp.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = sdp.substr(at + name.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

// RFC 8839, section 5.1: foundation, component, transport, priority, address, port.
std::optional<sfu::Address> read_candidate(std::string_view candidate) {
  std::istringstream fields{std::string(candidate)};
  std::string skipped;
  std::string transport;
  std::string ip;
  std::uint16_t port = 0;
  fields >> skipped >> skipped >> transport >> skipped >> ip >> port;
  if (!fields || (transport != "udp" && transport != "UDP")) return std::nullopt;
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, ip.c_str(), v4.data()) == 1) return sfu::Address::v4(v4, port);
  return std::nullopt;  // the peers have IPv4 addresses
}

std::optional<sfu::Address> first_udp_candidate(std::string_view sdp) {
  constexpr std::string_view kName = "a=candidate:";
  for (std::size_t at = sdp.find(kName); at != std::string_view::npos;
       at = sdp.find(kName, at + 1)) {
    if (const auto address = read_candidate(value_of(sdp.substr(at), kName))) return address;
  }
  return std::nullopt;
}

/// The first payload type of the audio section, as in "m=audio 9 UDP/TLS/RTP/SAVPF 111 63".
std::uint8_t first_audio_type(std::string_view sdp) {
  std::istringstream fields{std::string(value_of(sdp, "m=audio "))};
  std::string skipped;
  int type = 0;
  fields >> skipped >> skipped >> type;
  return static_cast<std::uint8_t>(type);
}

std::string without_end(std::string_view lines) {
  return std::string(lines.substr(0, lines.size() - 2));
}

/// A line of an offer as the answer has it; nothing for one that says what is the offerer's alone.
std::optional<std::string> answered(const OwnTransport& own, std::string_view line) {
  constexpr std::array<std::string_view, 6> kOfferersOwn = {
      "a=candidate:", "a=end-of-candidates", "a=ice-lite", "a=ssrc", "a=msid:", "a=ice-options:"};
  const auto begins = [&](std::string_view with) { return line.starts_with(with); };
  if (std::ranges::any_of(kOfferersOwn, begins)) return std::nullopt;
  if (begins("a=ice-ufrag:")) return "a=ice-ufrag:" + own.ice.ufrag;
  if (begins("a=ice-pwd:")) return "a=ice-pwd:" + own.ice.pwd;
  if (begins("a=fingerprint:")) return "a=fingerprint:" + own.fingerprint;
  if (begins("a=setup:")) return "a=setup:active\r\n" + without_end(kCandidate);
  if (begins("a=sendonly") || begins("a=sendrecv")) return "a=recvonly";
  return std::string(line);
}

}  // namespace

std::string viewer_offer(const OwnTransport& own) {
  std::string video_types;
  for (const Codec& codec : kCodecs) {
    video_types +=
        ' ' + std::to_string(codec.payload_type) + ' ' + std::to_string(codec.payload_type + 1);
  }
  std::ostringstream out;
  out << kSession;
  begin_section(out, own, "audio", " 111", 0);
  out << kAudioExtensions << "a=recvonly\r\n" << kOpus;
  begin_section(out, own, "video", video_types, 1);
  out << kVideoExtensions << "a=recvonly\r\n";
  for (const Codec& codec : kCodecs) write_codec(out, codec);
  return out.str();
}

std::string talker_offer(const OwnTransport& own, std::uint32_t audio_ssrc,
                         std::uint32_t video_ssrc) {
  const auto source = [](std::uint32_t ssrc, std::string_view track) {
    std::ostringstream line;
    line << "a=sendonly\r\na=msid:light " << track << "\r\na=ssrc:" << ssrc << " cname:light\r\n";
    return line.str();
  };
  std::ostringstream out;
  out << kSession;
  begin_section(out, own, "audio", " 111", 0);
  out << kAudioExtensions << kTransportNumber << source(audio_ssrc, "audio") << kOpus
      << "a=rtcp-fb:111 transport-cc\r\n";
  begin_section(out, own, "video", " 96 97", 1);
  out << kVideoExtensions << kTransportNumber << source(video_ssrc, "video");
  write_codec(out, kCodecs[0]);
  return out.str();
}

std::string viewer_answer(const OwnTransport& own, std::string_view offer) {
  std::string answer;
  std::istringstream lines{std::string(offer)};
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (const auto own_line = answered(own, line)) answer += *own_line + "\r\n";
  }
  return answer;
}

std::optional<RemoteTransport> read_remote(std::string_view description) {
  RemoteTransport remote;
  remote.ice.ufrag = value_of(description, "a=ice-ufrag:");
  remote.ice.pwd = value_of(description, "a=ice-pwd:");
  remote.fingerprint = value_of(description, "a=fingerprint:");
  remote.audio_type = first_audio_type(description);
  const auto address = first_udp_candidate(description);
  if (remote.ice.ufrag.empty() || remote.ice.pwd.empty() || remote.fingerprint.empty() ||
      !address) {
    return std::nullopt;
  }
  remote.address = *address;
  return remote;
}

}  // namespace onair::load
