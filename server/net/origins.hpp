// Which pages may open a WebSocket here (RFC 6455 section 10.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace onair::net {

class Origins {
 public:
  /// `allowed` are origins beside the server's own, e.g. "https://school.example"; "*" stands for
  /// all.
  explicit Origins(std::vector<std::string> allowed = {}) : allowed_(std::move(allowed)) {}

  /// `origin` is the header of that name, empty where there is none, as from what is no browser.
  /// `host` is the Host header: an origin with this host and port is the server's own, whatever its
  /// scheme, since a proxy may have ended the TLS.
  bool allows(std::string_view origin, std::string_view host) const;

 private:
  std::vector<std::string> allowed_;
};

}  // namespace onair::net
