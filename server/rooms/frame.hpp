// A serialised message, built once and shared by all who get it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace onair::rooms {

/// Unique id of a relayed frame, used to drop duplicates that arrive by two routes.
using FrameNumber = std::uint64_t;

/// The number of frames that come by one route only.
constexpr FrameNumber kNoNumber = 0;

/// Bytes that one entry of a queue is charged beside its text. So many small entries have a bound
/// too.
inline constexpr std::size_t kQueueEntryCost = 128;

/// For whom all news of members that have left count in a queue. No id has this form.
inline constexpr std::string_view kFarewells = "*";

class SharedFrame;
using Frame = std::shared_ptr<const SharedFrame>;

/// The text of a message behind the header of the WebSocket frame that carries it (RFC 6455 section
/// 5.2: a final, unmasked text frame), since nearly every recipient gets it in this form.
class SharedFrame {
 public:
  /// A frame of the server's own.
  explicit SharedFrame(std::string_view text, FrameNumber number = kNoNumber);
  /// A peer's frame: `text` with `from` put in; see protocol::append_stamped.
  SharedFrame(std::string_view text, std::string_view from, FrameNumber number = kNoNumber);
  /// Either, as another process has built it.
  static Frame from_wire(std::string_view text, FrameNumber number = kNoNumber);

  FrameNumber number() const { return number_; }
  /// The sender's id, as the server put it in. Empty in the server's own frames.
  std::string_view from() const { return text().substr(from_begin_, from_bytes_); }
  /// Whose share of a queue it takes (QueueShares): that of its sender, or one that all news of
  /// members that have left have together, since whoever comes and goes causes them. Empty:
  /// nobody's.
  std::string_view counts_for() const { return is_farewell_ ? kFarewells : from(); }
  bool is_farewell() const { return is_farewell_; }
  std::string_view text() const { return std::string_view(bytes_).substr(header_bytes_); }
  /// Header and text.
  const std::string& websocket() const { return bytes_; }
  /// Bytes that this frame is charged where it waits.
  std::size_t cost() const { return kQueueEntryCost + text().size(); }

 private:
  void begin(std::size_t text_bytes);

  std::string bytes_;
  std::size_t header_bytes_ = 0;
  FrameNumber number_;
  std::size_t from_begin_ = 0;
  std::size_t from_bytes_ = 0;
  bool is_farewell_ = false;

  friend Frame frame_of(protocol::Body body, FrameNumber number);
};

/// Encodes a message of the server's own.
Frame frame_of(protocol::Body body, FrameNumber number = kNoNumber);

}  // namespace onair::rooms
