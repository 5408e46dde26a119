// WHEP (draft-ietf-wish-whep-03) as a player speaks it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sfu/base/address.hpp"
#include "sfu/ice/ice_lite.hpp"
#include "sfu/net/descriptor.hpp"

namespace onair::load {

struct WhepTarget {
  std::string host = "127.0.0.1";  ///< an IPv4 address
  std::uint16_t port = 8080;
  std::string room;   ///< as in a URL
  std::string token;  ///< empty: none
};

/// Offers what Chromium 140 does for one audio and one video to receive, cut down to the codecs
/// that are broadcast.
std::string make_offer(const sfu::IceCredentials& ice, std::string_view fingerprint);

/// The fields of the answer that a viewer needs.
struct WhepAnswer {
  sfu::IceCredentials ice;
  std::string fingerprint;  ///< what follows "a=fingerprint:"
  sfu::Address forwarder;   ///< its first UDP candidate
};

/// Nothing where a part is missing.
std::optional<WhepAnswer> read_answer(std::string_view sdp);

/// A POST over plain HTTP, on a connection of its own.
class WhepRequest {
 public:
  /// Throws std::system_error where nobody listens.
  WhepRequest(const WhepTarget& target, const std::string& offer);

  int descriptor() const { return socket_.get(); }

  /// Reads what has come. True once the response is whole.
  bool receive();

  /// 0: the connection was cut.
  int status() const;
  std::string_view body() const;

 private:
  bool is_whole() const;

  sfu::Descriptor socket_;
  std::string response_;
};

}  // namespace onair::load
