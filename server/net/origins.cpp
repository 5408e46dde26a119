#include "net/origins.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>

namespace onair::net {

bool Origins::allows(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return true;
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end != std::string_view::npos &&
      boost::beast::iequals(origin.substr(scheme_end + 3), host)) {
    return true;
  }
  return std::ranges::any_of(allowed_, [origin](const std::string& allowed) {
    return allowed == "*" || boost::beast::iequals(allowed, origin);
  });
}

}  // namespace onair::net
