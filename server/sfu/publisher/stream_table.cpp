#include "sfu/publisher/stream_table.hpp"

#include <algorithm>

namespace onair::sfu {
namespace {

std::size_t index_of_kind(MediaKind kind) {
  return static_cast<std::size_t>(kind);
}

}  // namespace

StreamTable::StreamTable(const TalkerMediaByKind& media) : media_(media) {
  streams_.reserve(kMaxStreams);
  for (const MediaKind kind : kEveryKind) {
    const auto& of_kind = media_[index_of_kind(kind)];
    if (!of_kind) continue;
    for (const TalkerMedia::Source& source : of_kind->sources) {
      add({.ssrc = source.ssrc, .kind = kind});
      if (source.rtx_ssrc != 0) {
        add({.ssrc = source.rtx_ssrc, .kind = kind, .media_ssrc = source.ssrc});
      }
    }
  }
}

std::optional<StreamTable::Found> StreamTable::find(const RtpPacket& packet, TimePoint now) {
  auto found = std::ranges::find(streams_, packet.ssrc, &Stream::ssrc);
  const auto kind = found != streams_.end() ? std::optional(found->kind) : learn_kind(packet);
  if (!kind) return std::nullopt;
  const auto& media = media_[index_of_kind(*kind)];
  if (!media) return std::nullopt;
  const bool is_rtx = packet.payload_type == media->rtx_payload_type;
  if (!is_rtx && packet.payload_type != media->payload_type) return std::nullopt;

  Stream& stream = found != streams_.end() ? *found : add({.ssrc = packet.ssrc, .kind = *kind});
  stream.last_received = now;
  return Found{*kind, is_rtx, is_rtx ? stream.media_ssrc : std::nullopt};
}

std::optional<MediaKind> StreamTable::learn_kind(const RtpPacket& packet) const {
  for (const MediaKind kind : kEveryKind) {
    const auto& media = media_[index_of_kind(kind)];
    if (!media || media->mid_id == 0) continue;
    const auto mid = packet.extensions.find(media->mid_id);
    if (mid && text_of(*mid) == media->mid) return kind;
  }
  for (const MediaKind kind : kEveryKind) {
    const auto& media = media_[index_of_kind(kind)];
    if (!media) continue;
    // A packet of another section: it was refused, or is of a layer that nobody agreed to.
    if (media->mid_id != 0 && packet.extensions.find(media->mid_id)) continue;
    if (packet.payload_type == media->payload_type ||
        packet.payload_type == media->rtx_payload_type) {
      return kind;
    }
  }
  return std::nullopt;
}

StreamTable::Stream& StreamTable::add(const Stream& stream) {
  if (streams_.size() < kMaxStreams) return streams_.emplace_back(stream);
  auto& oldest = *std::ranges::min_element(streams_, {}, &Stream::last_received);
  oldest = stream;
  return oldest;
}

}  // namespace onair::sfu
