#include "net/http/proxies.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include <boost/beast/core/string.hpp>

#include "protocol/text.hpp"

namespace onair::net {
namespace {

namespace ip = boost::asio::ip;
namespace http = boost::beast::http;
using boost::system::error_code;
using protocol::split;
using protocol::trimmed;

/// Stands for the address of every client that a proxy does not name.
constexpr std::string_view kUnnamed = "unnamed by a proxy";

std::string_view unquoted(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return text;
  return text.substr(1, text.size() - 2);
}

/// The elements of a list over all lines of a header, in order (RFC 9110 section 5.3).
std::vector<std::string> elements_of(const http::fields& headers, std::string_view name) {
  std::vector<std::string> elements;
  const auto [begin, end] = headers.equal_range({name.data(), name.size()});
  for (auto field = begin; field != end; ++field) {
    for (const std::string_view element :
         split({field->value().data(), field->value().size()}, ',')) {
      elements.emplace_back(trimmed(element));
    }
  }
  return elements;
}

/// A parameter of an element of Forwarded (RFC 7239 section 4); empty where it has none.
std::string forwarded_parameter(std::string_view element, std::string_view name) {
  for (const std::string_view part : split(element, ';')) {
    const std::string_view pair = trimmed(part);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view given = pair.substr(0, equals);
    if (boost::beast::iequals({given.data(), given.size()}, {name.data(), name.size()})) {
      return std::string(unquoted(pair.substr(equals + 1)));
    }
  }
  return {};
}

/// An address as proxies write it: alone, with a port, or in brackets.
std::optional<ip::address> address_in(std::string_view text) {
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (std::ranges::count(text, ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return without_v4_mapping(address);
}

/// Addresses by which a request came, as proxies report them, the nearest last.
struct ForwardedChain {
  std::vector<std::string> addresses;
  std::string host;
  std::string scheme;
};

std::string first_of(const std::vector<std::string>& elements) {
  return elements.empty() ? std::string() : elements.front();
}

ForwardedChain chain_of(const http::fields& headers) {
  ForwardedChain chain{elements_of(headers, "X-Forwarded-For"),
                       first_of(elements_of(headers, "X-Forwarded-Host")),
                       first_of(elements_of(headers, "X-Forwarded-Proto"))};
  const auto standard = elements_of(headers, "Forwarded");
  if (standard.empty()) return chain;
  std::vector<std::string> addresses;
  for (const std::string& element : standard) {
    addresses.push_back(forwarded_parameter(element, "for"));
  }
  // A proxy passes on what it does not know: of two headers that differ one is the client's own,
  // and which one is not known here.
  if (!chain.addresses.empty() &&
      address_in(chain.addresses.back()) != address_in(addresses.back()))
    addresses = {""};
  chain.addresses = std::move(addresses);
  if (chain.host.empty()) chain.host = forwarded_parameter(standard.front(), "host");
  if (chain.scheme.empty()) chain.scheme = forwarded_parameter(standard.front(), "proto");
  return chain;
}

std::optional<std::string> counted_client(const ip::address& proxy,
                                          const std::vector<std::string>& addresses,
                                          const TrustedProxies& trusted) {
  if (addresses.empty()) {
    return proxy.is_loopback() ? std::nullopt : std::optional(counted_address(proxy));
  }
  std::string counted;
  for (auto named = addresses.rbegin(); named != addresses.rend(); ++named) {
    const auto address = address_in(*named);
    if (!address) return std::string(kUnnamed);
    counted = counted_address(*address);
    if (!trusted.contains(*address)) break;
  }
  return counted;
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& networks)
    : networks_({"127.0.0.0/8", "::1"}) {
  for (const std::string& network : networks) {
    if (networks_.add(network)) continue;
    throw std::invalid_argument("--trusted-proxy " + network +
                                " is no address and no network like 172.16.0.0/12.");
  }
}

bool is_private(const ip::address& address) {
  static const Networks kPrivate({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                  "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1"});
  return kPrivate.contains(address);
}

std::string counted_address(const ip::address& address) {
  const ip::address plain = without_v4_mapping(address);
  if (!plain.is_v6()) return plain.to_string();
  auto bytes = plain.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes).to_string() + "/64";
}

ClientOrigin client_origin(const ip::address& remote, const http::fields& headers,
                           const TrustedProxies& trusted) {
  const auto host = headers[http::field::host];
  ClientOrigin origin{counted_address(remote), {host.data(), host.size()}, {}, is_private(remote)};
  if (!trusted.contains(remote)) return origin;
  origin.is_in_private_network = false;
  ForwardedChain chain = chain_of(headers);
  origin.counted_as = counted_client(without_v4_mapping(remote), chain.addresses, trusted);
  if (!chain.host.empty()) origin.host = std::move(chain.host);
  origin.scheme = std::move(chain.scheme);
  return origin;
}

}  // namespace onair::net
