#include "option_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "protocol/text.hpp"

namespace onair {
namespace {

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0;
}

/// A name, an IPv4 address, or an IPv6 address in brackets, and perhaps a port.
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string address(text.substr(1, end - 1));
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) return false;
    boost::system::error_code no_address;
    boost::asio::ip::make_address_v6(address, no_address);
    if (no_address) return false;
    text.remove_prefix(end + 1);
    return text.empty() || (text.starts_with(':') && is_port(text.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  const std::string_view name = text.substr(0, colon);
  return !name.empty() && name.find_first_of(" \t/?#@,;*\"'<>\\[]") == std::string_view::npos;
}

/// The form of RFC 7064 and 7065; `is_turn` for the one with a transport.
bool is_ice_url(std::string_view url, std::string_view scheme, bool is_turn) {
  if (!url.starts_with(scheme)) return false;
  url.remove_prefix(scheme.size());
  if (url.starts_with('s')) url.remove_prefix(1);
  if (!url.starts_with(':')) return false;
  url.remove_prefix(1);
  const std::size_t question = url.find('?');
  if (question != std::string_view::npos) {
    const std::string_view query = url.substr(question);
    if (!is_turn || (query != "?transport=udp" && query != "?transport=tcp")) return false;
  }
  return is_host(url.substr(0, question));
}

bool is_bus_url(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end != std::string_view::npos) {
    if (url.substr(0, end) != "nats" && url.substr(0, end) != "tls") return false;
    url.remove_prefix(end + 3);
  }
  const std::size_t at = url.rfind('@');  // what is before it may hold any character
  return is_host(at == std::string_view::npos ? url : url.substr(at + 1));
}

/// RFC 3986 section 3.1.
bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::string mistake_in_address(const std::string& address) {
  boost::system::error_code no_address;
  boost::asio::ip::make_address(address, no_address);
  if (!no_address) return {};
  return "\"" + address + "\" is no address like 127.0.0.1 or ::";
}

std::string mistake_in_origin(const std::string& origin) {
  if (origin == "*") return {};
  std::string_view host = origin;
  const std::size_t end = host.find("://");
  if (end != std::string_view::npos && is_scheme(host.substr(0, end)) && is_printable_ascii(host)) {
    host.remove_prefix(end + 3);
    if (host.ends_with('/')) host.remove_suffix(1);
    if (is_host(host)) return {};
  }
  return "\"" + origin + "\" is no origin: give a scheme, a host and perhaps a port, e.g. " +
         "https://school.example, and a name with other letters as browsers send it (xn--...)";
}

std::string mistake_in_stun_url(const std::string& url) {
  if (is_ice_url(url, "stun", /*is_turn=*/false)) return {};
  return "\"" + url + "\" is no URL of a STUN server like stun:stun.example.org:3478";
}

std::string mistake_in_turn_url(const std::string& url) {
  if (is_ice_url(url, "turn", /*is_turn=*/true)) return {};
  return "\"" + url + "\" is no URL of a TURN server like turn:turn.example.org:3478?transport=udp";
}

std::string mistake_in_bus_urls(const std::string& urls) {
  // Not repeated: they may hold a password.
  if (!std::ranges::all_of(protocol::split(urls, ','), is_bus_url)) {
    return "must be URLs of NATS servers like nats://a:4222,nats://b:4222";
  }
  return {};
}

std::string mistake_in_forwarder(const std::string& value) {
  if (value == "auto" || value == "off" || value.find('/') != std::string::npos) return {};
  return "\"" + value + "\" must be auto, off, or the path of a control socket like " +
         "/run/onair-forwarder/control.sock";
}

std::string mistake_in_forward(const std::string& value) {
  std::uint32_t viewers = 0;
  const char* const last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, viewers);
  const bool is_number = error == std::errc() && end == last && viewers > 0;
  if (is_number || value == "auto" || value == "always" || value == "never") return {};
  return "\"" + value + "\" must be auto, always, never, or a number of viewers like 20";
}

}  // namespace onair
