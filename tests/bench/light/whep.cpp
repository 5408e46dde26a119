#include "light/whep.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace onair::load {
namespace {

constexpr std::string_view kSession =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n";

constexpr std::string_view kAudio =
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

constexpr std::string_view kVideo =
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=extmap:13 urn:3gpp:video-orientation\r\n"
    "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n";

// The codecs with their payload types in Chromium; the type of each one's RTX is the next one.
struct Codec {
  int payload_type;
  std::string_view name;
  std::string_view parameters;
};
constexpr std::array<Codec, 5> kCodecs{{
    {96, "VP8", ""},
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

// The text after `name` on its first line; empty where there is none.
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
  sfu::Address v6{.port = port};
  if (inet_pton(AF_INET6, ip.c_str(), v6.ip.data()) == 1) return v6;
  return std::nullopt;
}

std::optional<sfu::Address> first_udp_candidate(std::string_view sdp) {
  constexpr std::string_view kName = "a=candidate:";
  for (std::size_t at = sdp.find(kName); at != std::string_view::npos;
       at = sdp.find(kName, at + 1)) {
    if (const auto address = read_candidate(value_of(sdp.substr(at), kName))) return address;
  }
  return std::nullopt;
}

std::string request_text(const WhepTarget& target, const std::string& offer) {
  std::ostringstream out;
  out << "POST /whep/" << target.room << " HTTP/1.1\r\nHost: " << target.host << ':' << target.port
      << "\r\nContent-Type: application/sdp\r\nConnection: close\r\n";
  if (!target.token.empty()) out << "Authorization: Bearer " << target.token << "\r\n";
  out << "Content-Length: " << offer.size() << "\r\n\r\n" << offer;
  return out.str();
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string make_offer(const sfu::IceCredentials& ice, std::string_view fingerprint) {
  std::ostringstream out;
  const auto begin_section = [&](std::string_view media, std::string_view types, int mid) {
    out << "m=" << media << " 9 UDP/TLS/RTP/SAVPF" << types
        << "\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:" << ice.ufrag
        << "\r\na=ice-pwd:" << ice.pwd
        << "\r\na=ice-options:trickle\r\na=fingerprint:" << fingerprint
        << "\r\na=setup:actpass\r\na=mid:" << mid << "\r\n";
  };
  std::string video_types;
  for (const Codec& codec : kCodecs) {
    video_types +=
        ' ' + std::to_string(codec.payload_type) + ' ' + std::to_string(codec.payload_type + 1);
  }
  out << kSession;
  begin_section("audio", " 111", 0);
  out << kAudio;
  begin_section("video", video_types, 1);
  out << kVideo;
  for (const Codec& codec : kCodecs) write_codec(out, codec);
  return out.str();
}

std::optional<WhepAnswer> read_answer(std::string_view sdp) {
  WhepAnswer answer;
  answer.ice.ufrag = value_of(sdp, "a=ice-ufrag:");
  answer.ice.pwd = value_of(sdp, "a=ice-pwd:");
  answer.fingerprint = value_of(sdp, "a=fingerprint:");
  const auto forwarder = first_udp_candidate(sdp);
  if (answer.ice.ufrag.empty() || answer.ice.pwd.empty() || answer.fingerprint.empty() ||
      !forwarder) {
    return std::nullopt;
  }
  answer.forwarder = *forwarder;
  return answer;
}

WhepRequest::WhepRequest(const WhepTarget& target, const std::string& offer)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(target.port);
  if (inet_pton(AF_INET, target.host.c_str(), &server.sin_addr) != 1) {
    throw std::system_error(EINVAL, std::generic_category(), "the server's address");
  }
  // Connecting and writing block: the server is near, and a request fits the socket's buffer.
  if (socket_.get() < 0 ||
      connect(socket_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    fail("connect to the server");
  }
  const std::string request = request_text(target, offer);
  if (send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("send");
  fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
}

bool WhepRequest::receive() {
  std::array<char, 4'096> buffer;
  ssize_t size = 0;
  while ((size = recv(socket_.get(), buffer.data(), buffer.size(), 0)) > 0) {
    response_.append(buffer.data(), static_cast<std::size_t>(size));
  }
  const bool is_cut = size == 0 || errno != EAGAIN;
  return is_cut || is_whole();
}

bool WhepRequest::is_whole() const {
  const std::size_t end = response_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::size_t length = 0;
  const std::string_view value =
      value_of(std::string_view(response_).substr(0, end), "\r\nContent-Length: ");
  std::from_chars(value.data(), value.data() + value.size(), length);
  return response_.size() - end - 4 >= length;
}

int WhepRequest::status() const {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  int status = 0;
  if (response_.starts_with(kStart)) {
    const char* const at = response_.data() + kStart.size();
    std::from_chars(at, response_.data() + response_.size(), status);
  }
  return status;
}

std::string_view WhepRequest::body() const {
  const std::size_t end = response_.find("\r\n\r\n");
  return end == std::string::npos ? std::string_view{}
                                  : std::string_view(response_).substr(end + 4);
}

}  // namespace onair::load
