// The little of OpenSSL that the server needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace onair::net {

/// Bytes from the system's generator, in hexadecimal: two digits a byte. Throws std::runtime_error
/// when the generator fails.
std::string random_hex(std::size_t bytes);

std::string sha256_hex(std::string_view data);

/// RFC 2104 with SHA-256, in hexadecimal.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

/// RFC 2104 with SHA-1, in base64 (RFC 4648 section 4), as TURN servers expect it.
std::string hmac_sha1_base64(std::string_view key, std::string_view data);

/// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace onair::net
