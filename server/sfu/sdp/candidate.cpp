#include "sfu/sdp/candidate.hpp"

#include <array>

#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kMaxFoundation = 32;
constexpr std::size_t kMaxAddress = 255;  // of a name in DNS

std::optional<CandidateTransport> transport_of(std::string_view word) {
  if (text::same_ignoring_case(word, "udp")) return CandidateTransport::udp;
  if (text::same_ignoring_case(word, "tcp")) return CandidateTransport::tcp;
  return std::nullopt;
}

template <std::size_t kSize>
bool is_one_of(std::string_view word, const std::array<std::string_view, kSize>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// IPv4, IPv6 with a zone, or a name.
bool is_address(std::string_view word) {
  return !word.empty() && word.size() <= kMaxAddress &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return text::is_alphanumeric(c) || c == '.' || c == ':' || c == '-' || c == '_' ||
                  c == '%';
         });
}

}  // namespace

std::optional<Candidate> parse_candidate(std::string_view value) {
  constexpr std::array<std::string_view, 4> kTypes{"host", "srflx", "prflx", "relay"};
  constexpr std::array<std::string_view, 3> kTcpTypes{"active", "passive", "so"};
  Candidate candidate;
  candidate.foundation = text::take_word(value);
  const auto component = text::number<std::uint16_t>(text::take_word(value));
  const auto transport = transport_of(text::take_word(value));
  const auto priority = text::number<std::uint32_t>(text::take_word(value));
  candidate.address = text::take_word(value);
  const auto port = text::number<std::uint16_t>(text::take_word(value));
  const bool has_type = text::take_word(value) == "typ";
  candidate.type = text::take_word(value);
  if (!text::is_token(candidate.foundation) || candidate.foundation.size() > kMaxFoundation ||
      !component || !transport || !priority || !port || !has_type ||
      !is_address(candidate.address) || !is_one_of(candidate.type, kTypes)) {
    return std::nullopt;
  }
  candidate.component = *component;
  candidate.transport = *transport;
  candidate.priority = *priority;
  candidate.port = *port;
  while (!text::trimmed(value).empty()) {
    const std::string_view name = text::take_word(value);
    const std::string_view extension = text::take_word(value);
    if (name == "tcptype" && is_one_of(extension, kTcpTypes)) candidate.tcp_type = extension;
  }
  return candidate;
}

std::string to_text(const Candidate& candidate) {
  const bool is_udp = candidate.transport == CandidateTransport::udp;
  std::string text = candidate.foundation + ' ' + std::to_string(candidate.component) +
                     (is_udp ? " udp " : " tcp ") + std::to_string(candidate.priority) + ' ' +
                     candidate.address + ' ' + std::to_string(candidate.port) + " typ " +
                     candidate.type;
  if (!candidate.tcp_type.empty()) text += " tcptype " + candidate.tcp_type;
  return text;
}

/// RFC 8445 section 5.1.2; for TCP with a type preference of its own (RFC 6544 section 4.2).
Candidate host_candidate(CandidateTransport transport, std::string address, std::uint16_t port,
                         std::uint16_t rank) {
  constexpr std::uint32_t kUdpPreference = 126;
  constexpr std::uint32_t kTcpPreference = 90;
  constexpr std::uint32_t kComponent = 1;
  const bool is_udp = transport == CandidateTransport::udp;
  const std::uint32_t local = 65'535u - rank;
  Candidate candidate;
  candidate.foundation = (is_udp ? "u" : "t") + std::to_string(rank);
  candidate.component = kComponent;
  candidate.transport = transport;
  candidate.priority =
      (is_udp ? kUdpPreference : kTcpPreference) << 24 | local << 8 | (256 - kComponent);
  candidate.address = std::move(address);
  candidate.port = port;
  candidate.type = "host";
  if (!is_udp) candidate.tcp_type = "passive";
  return candidate;
}

}  // namespace onair::sfu
