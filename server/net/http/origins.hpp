// Which pages may open a WebSocket here (RFC 6455 section 10.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace onair::net {

class Origins {
 public:
  /// `allowed` are origins (RFC 6454 section 6.2) beside the server's own, e.g.
  /// "https://school.example"; "*" stands for all. A slash at the end and a scheme's own port make
  /// no difference. Throws std::invalid_argument with a sentence for people where one is no origin.
  explicit Origins(const std::vector<std::string>& allowed = {});

  /// `origin` is the header of that name. Empty is allowed: only browsers send it. `host` is the
  /// host and port by which this server was reached: an origin with the same is the server's own.
  /// The scheme does not matter, since a proxy may have ended the TLS.
  bool allows(std::string_view origin, std::string_view host) const;

 private:
  bool allows_all_ = false;
  std::vector<std::string> allowed_;  ///< in lower case, without a scheme's own port
};

/// True for a host (and port) of a URL that a stranger could register and let lead anywhere: no
/// address, no name of one label, none under a domain that is for private use (RFC 6761, RFC 6762,
/// RFC 8375, and the names that routers give).
bool is_public_name(std::string_view host);

}  // namespace onair::net
