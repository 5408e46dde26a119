// Requests and responses of HTTP/1.1, and how they are read and made.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/http/shared_body.hpp"

namespace onair::net {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<SharedBody>;

/// A header field or the like, as the standard's view.
inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// The target of a request without its query.
std::string_view path_of(const Request& request);

/// The query of a request's target, without the question mark; empty where there is none.
std::string_view query_of(const Request& request);

/// A parameter of the query: percent-decoded where it is well-formed, as it stands otherwise. Empty
/// for a name without a value; nothing where the name is missing.
std::optional<std::string> query_parameter(const Request& request, std::string_view name);

/// Pages that may show one in a frame.
enum class Framing { own_pages, all_pages };

/// Sets what every response carries: what its page may load and do, and who may frame it.
void set_common_headers(Response& response, Framing framing = Framing::own_pages);

/// A sentence for people, not cached. `sentence` outlives the response.
Response plain_response(boost::beast::http::status status, std::string_view sentence);

/// Why the body that a header announces is not read, or nothing: it has more than `most` bytes
/// (413), or does not say how many (411). What announces none has none (RFC 9112 section 6).
std::optional<Response> refusal_of_body(const Request& header, std::size_t most);

}  // namespace onair::net
