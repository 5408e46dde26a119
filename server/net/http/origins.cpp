#include "net/http/origins.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>

#include <boost/asio/ip/address_v4.hpp>

#include "net/loop/aliases.hpp"

namespace onair::net {
namespace {

struct Parts {
  std::string scheme;
  std::string host;  ///< and its port, unless it is the scheme's own
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

/// Takes the port away that a scheme has by itself (RFC 9110 section 4.2).
std::string host_in(std::string_view scheme, std::string_view host) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if ((scheme == "https" || scheme == "http") && host.ends_with(port)) {
    host.remove_suffix(port.size());
  }
  return lower(host);
}

std::optional<Parts> parts_of(std::string_view origin) {
  const std::size_t end = origin.find("://");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string scheme = lower(origin.substr(0, end));
  const std::string_view host = origin.substr(end + 3);
  if (host.empty() || host.find_first_of("/?#@* \t") != std::string_view::npos) return std::nullopt;
  return Parts{scheme, host_in(scheme, host)};
}

}  // namespace

Origins::Origins(const std::vector<std::string>& allowed) {
  for (const std::string& origin : allowed) {
    if (origin == "*") {
      allows_all_ = true;
      continue;
    }
    const auto parts = parts_of(
        std::string_view(origin).substr(0, origin.size() - (origin.ends_with('/') ? 1 : 0)));
    if (!parts) {
      throw std::invalid_argument("--allow-origin " + origin +
                                  " is no origin: give a scheme and a host, e.g. "
                                  "https://school.example.");
    }
    allowed_.push_back(parts->scheme + "://" + parts->host);
  }
}

bool Origins::allows(std::string_view origin, std::string_view host) const {
  if (origin.empty() || allows_all_) return true;
  const auto parts = parts_of(origin);
  if (!parts) return false;
  if (parts->host == host_in(parts->scheme, host)) return true;
  return std::ranges::find(allowed_, parts->scheme + "://" + parts->host) != allowed_.end();
}

bool is_public_name(std::string_view host) {
  // Only an address in brackets has more than one colon.
  std::string name = lower(host.substr(0, host.starts_with('[') ? host.size() : host.find(':')));
  if (name.ends_with('.')) name.pop_back();
  const std::size_t dot = name.rfind('.');
  if (name.starts_with('[') || dot == std::string::npos) return false;
  error_code no_address;
  boost::asio::ip::make_address_v4(name, no_address);
  if (!no_address) return false;
  constexpr std::string_view kPrivateUse[] = {"home",      "internal", "intranet",
                                              "lan",       "local",    "localdomain",
                                              "localhost", "private",  "test"};
  return std::ranges::find(kPrivateUse, name.substr(dot + 1)) == std::end(kPrivateUse) &&
         !name.ends_with(".home.arpa");
}

}  // namespace onair::net
