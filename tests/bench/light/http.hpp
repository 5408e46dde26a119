// A request of WHIP or WHEP over plain HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "light/source_address.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

struct HttpServer {
  std::string host = "127.0.0.1";  ///< an IPv4 address
  std::uint16_t port = 8080;
  std::string token;  ///< for `Authorization: Bearer`; empty: none
};

/// Sends a body of `application/sdp` on a connection of its own.
class HttpRequest {
 public:
  /// Throws std::system_error where nobody listens.
  HttpRequest(const HttpServer& server, const SourceAddress& from, std::string_view method,
              std::string_view path, std::string_view body);

  int descriptor() const { return socket_.get(); }

  /// Reads what has come. True once the response is whole, or the connection was cut.
  bool receive();

  int status() const;                 ///< 0: the connection was cut
  std::string_view location() const;  ///< empty: none
  std::string_view body() const;

 private:
  std::string_view head() const;
  std::string_view header(std::string_view name) const;
  bool is_whole() const;

  sfu::Descriptor socket_;
  std::string response_;
};

}  // namespace onair::load
