// Results of requests to WHIP or WHEP, apart from HTTP's own matters.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/status.hpp>

#include "net/media/forwarder_client.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message.hpp"

namespace onair::net {

struct MediaAnswer {
  boost::beast::http::status status = boost::beast::http::status::ok;
  std::string body = {};          ///< a session description, a fragment, or a problem document
  std::string content_type = {};  ///< of that
  std::string location = {};
  std::string etag = {};                              ///< with its quotes
  std::vector<protocol::IceServer> ice_servers = {};  ///< for `Link`
  unsigned retry_after = 0;                           ///< seconds; 0: none
};

/// Gets the answer, once, on any thread.
using MediaReply = std::function<void(MediaAnswer)>;

/// A problem document (RFC 9457) with a stable `code` beside the sentence for people.
MediaAnswer problem(boost::beast::http::status status, std::string_view code,
                    std::string_view detail, unsigned retry_after = 0);

/// The same for a refusal of the rooms, by its code.
MediaAnswer problem_of(std::string_view code, std::string_view message);

/// Answer to a player in a room where nobody is on air: 409 with `Retry-After`
/// (draft-ietf-wish-whep-03, Playback session set up).
MediaAnswer not_on_air();

/// The same for a request that the forwarder did not fulfil.
MediaAnswer problem_of(const ForwarderClient::Result& result);

}  // namespace onair::net
