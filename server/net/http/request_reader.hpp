// How a request is read: the header first, so that nothing of a body is read before it is known how
// long that may be.
#pragma once

#include <limits>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "net/http/message.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/limits.hpp"

namespace onair::net {

using RequestParser = beast::http::request_parser<beast::http::string_body>;

/// Reads a header, of as many bytes as the limits allow.
template <typename Stream>
Task<error_code> read_header(Stream& stream, beast::flat_buffer& buffer, RequestParser& parser,
                             const Limits& limits) {
  parser.header_limit(limits.header_bytes);
  // Whoever reads the body has looked at its length.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  auto [error, bytes] = co_await beast::http::async_read_header(stream, buffer, parser, no_throw);
  co_return error;
}

/// Reads the body, whose length is in the header and which the caller has allowed (see refusal_of).
template <typename Stream>
Task<error_code> read_body(Stream& stream, beast::flat_buffer& buffer, RequestParser& parser) {
  auto [error, bytes] = co_await beast::http::async_read(stream, buffer, parser, no_throw);
  co_return error;
}

}  // namespace onair::net
