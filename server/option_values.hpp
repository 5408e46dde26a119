// Checks of what operators give. Each function gives a sentence for people that says what is wrong,
// or an empty text.
#pragma once

#include <string>

namespace onair {

/// An address of IPv4 or IPv6 to listen on.
std::string mistake_in_address(const std::string& address);

/// RFC 6454 section 6.2: `SCHEME://HOST[:PORT]`, also with a slash at its end; or `*`.
std::string mistake_in_origin(const std::string& origin);

/// RFC 7064: `stun:HOST[:PORT]` or `stuns:…`.
std::string mistake_in_stun_url(const std::string& url);

/// RFC 7065: `turn:HOST[:PORT][?transport=udp|tcp]` or `turns:…`.
std::string mistake_in_turn_url(const std::string& url);

/// Servers of NATS with commas between them: `nats://…`, `tls://…` or `HOST:PORT`.
std::string mistake_in_bus_urls(const std::string& urls);

/// `auto`, `off` or the path of a socket, which has a slash, so that no misspelt word counts as
/// one.
std::string mistake_in_forwarder(const std::string& value);
std::string mistake_in_forward(const std::string& value);

}  // namespace onair
