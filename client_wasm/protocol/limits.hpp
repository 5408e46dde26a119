// Every bound of the wire protocol. PROTOCOL.md states them for people.
#pragma once

#include <cstddef>

namespace onair::protocol {

/// The longest WebSocket message that is read, in bytes. A browser's offer with audio, video and a
/// data channel is about 8 KB.
inline constexpr std::size_t kMaxFrameBytes = 65'536;

/// The longest room name, in bytes of UTF-8 after percent-decoding.
inline constexpr std::size_t kMaxRoomNameBytes = 128;

/// The longest message name (`type`), in bytes.
inline constexpr std::size_t kMaxTypeBytes = 64;

/// The longest peer id (`sendto`), in bytes.
inline constexpr std::size_t kMaxPeerIdBytes = 64;

/// The longest `token` of `enter`, in bytes.
inline constexpr std::size_t kMaxTokenBytes = 4'096;

/// The longest text that one end sends over a data channel, in bytes of UTF-8.
inline constexpr std::size_t kMaxTextBytes = 4'096;

/// The longest line of chat, and the longest name of who says it, in bytes of UTF-8: 400 and 21
/// kanji.
inline constexpr std::size_t kMaxChatTextBytes = 1'200;
inline constexpr std::size_t kMaxChatNameBytes = 64;

/// The room of a page that names none.
inline constexpr const char* kDefaultRoom = "_defaultroom";

}  // namespace onair::protocol
