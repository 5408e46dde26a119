// The limits of the wire protocol, as in PROTOCOL.md.
#pragma once

#include <cstddef>

namespace onair::protocol {

/// Maximum size of a WebSocket message, in bytes. A browser's offer with audio, video and a data
/// channel has about 8 KB.
inline constexpr std::size_t kMaxFrameBytes = 65'536;

/// Maximum size of a whole `enter`, in bytes.
inline constexpr std::size_t kMaxEnterBytes = 8'192;

/// Maximum nesting of arrays and objects of which a tree is built. Messages may nest unknown fields
/// deeper; those are passed on and not looked at.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Maximum length of a room name, in bytes of UTF-8 after percent-decoding.
inline constexpr std::size_t kMaxRoomNameBytes = 128;

/// Maximum length of a message name (`type`), in bytes.
inline constexpr std::size_t kMaxTypeBytes = 64;

/// Maximum length of a peer id (`sendto`), in bytes.
inline constexpr std::size_t kMaxPeerIdBytes = 64;

/// Maximum length of the `token` of `enter`, in bytes.
inline constexpr std::size_t kMaxTokenBytes = 4'096;

/// Maximum length of a text on a data channel, in bytes of UTF-8.
inline constexpr std::size_t kMaxTextBytes = 4'096;

/// Maximum lengths of a chat line and of its author's name, in bytes of UTF-8: 400 and 21 kanji.
inline constexpr std::size_t kMaxChatTextBytes = 1'200;
inline constexpr std::size_t kMaxChatNameBytes = 64;

/// Maximum number of entries in `caps`, in the `peers` of an `invite_watchers` and in the
/// `messages` of a `chat_messages`.
inline constexpr std::size_t kMaxCaps = 16;
inline constexpr std::size_t kMaxInvited = 64;
inline constexpr std::size_t kMaxChatMessages = 64;

/// Maximum number of watchers that an `audience_reception` names.
inline constexpr std::size_t kMaxWorst = 10;

/// The room of a page whose address names none.
inline constexpr const char* kDefaultRoom = "_defaultroom";

}  // namespace onair::protocol
