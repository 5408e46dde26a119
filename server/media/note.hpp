// Notes that the forwarder keeps for the server with each peer connection, so that a server that
// starts later knows for whom it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace onair::media {

struct Note {
  enum class Kind {
    whip,    ///< an encoder: the talker of its room
    whep,    ///< a player: a viewer
    feed,    ///< a browser's broadcast that the forwarder watches on behalf of others
    viewer,  ///< a page that watches an encoder, or such a broadcast
  };
  Kind kind = Kind::whep;
  /// The member whose peer connection it is; of a `viewer` the one that offered it.
  protocol::PeerId member = {};
  std::int64_t since = 0;                    ///< when that member entered: seconds since 1970
  std::optional<std::int64_t> expires = {};  ///< its entry token, the same; nothing: never
  std::optional<std::string> name = {};      ///< by its entry token

  // For `whip` and `whep`:
  std::string resource = {};  ///< its id in the address of the resource
  std::string etag = {};
  std::string ufrag = {};  ///< of the client's ICE
  std::string key = {};    ///< `whip`: by what an encoder that reconnects is known, see key_of

  /// By what address its client is counted; empty where it is not.
  std::string address = {};

  // For `feed` and `viewer`:
  protocol::PeerId other = {};  ///< the page at the other end
  std::optional<protocol::ConnectionId> connection = {};

  bool operator==(const Note&) const = default;
};

/// At most 2,048 bytes.
std::string text_of(const Note& note);

/// Nothing for what is no note of ours.
std::optional<Note> note_of(std::string_view text);

}  // namespace onair::media
