#include "session/record/webm_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace onair::session {
namespace {

// Elements of RFC 9559, section 5, by their ids.
constexpr std::uint32_t kEbml = 0x1A45DFA3;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint32_t kInfo = 0x1549A966;
constexpr std::uint32_t kTimestampScale = 0x2AD7B1;
constexpr std::uint32_t kDuration = 0x4489;
constexpr std::uint32_t kTracks = 0x1654AE6B;
constexpr std::uint32_t kTrackEntry = 0xAE;
constexpr std::uint32_t kTrackNumber = 0xD7;
constexpr std::uint32_t kTrackType = 0x83;
constexpr std::uint32_t kCluster = 0x1F43B675;
constexpr std::uint32_t kTimestamp = 0xE7;
constexpr std::uint32_t kSimpleBlock = 0xA3;
constexpr std::uint32_t kBlockGroup = 0xA0;
constexpr std::uint32_t kBlock = 0xA1;
constexpr std::uint32_t kCues = 0x1C53BB6B;
constexpr std::uint32_t kCuePoint = 0xBB;
constexpr std::uint32_t kCueTime = 0xB3;
constexpr std::uint32_t kCueTrackPositions = 0xB7;
constexpr std::uint32_t kCueTrack = 0xF7;
constexpr std::uint32_t kCueClusterPosition = 0xF1;

constexpr std::uint64_t kVideo = 1;          // a track's type
constexpr std::size_t kMostBlockBytes = 16;  // of a block: its track, its time and its flags
constexpr std::uint8_t kKeyframe = 0x80;     // a flag of a simple block

/// Bytes of the number that begins with this one; more than 8 for none.
int length_of(char first) {
  return std::countl_zero(static_cast<std::uint8_t>(first)) + 1;
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

/// A number of variable length (RFC 8794 section 4) at the begin, which it takes away.
std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto length = static_cast<std::size_t>(length_of(bytes.front()));
  if (length > 8 || length > bytes.size()) return std::nullopt;
  const std::uint64_t value = number_of(bytes.substr(0, length));
  bytes.remove_prefix(length);
  return value & ~(std::uint64_t{1} << (7 * length));
}

/// Calls `visit(id, payload)` with each child of an element. False if one is broken.
template <typename Visit>
bool for_each_child(std::string_view bytes, Visit visit) {
  while (!bytes.empty()) {
    const auto length = static_cast<std::size_t>(length_of(bytes.front()));
    if (length > 4 || length > bytes.size()) return false;
    const auto id = static_cast<std::uint32_t>(number_of(bytes.substr(0, length)));
    bytes.remove_prefix(length);
    const auto size = take_number(bytes);
    if (!size || *size > bytes.size()) return false;
    visit(id, bytes.substr(0, *size));
    bytes.remove_prefix(*size);
  }
  return true;
}

void put_bytes(std::string& out, std::uint64_t value, int count) {
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xFF);
  }
}

/// An element whose size has always eight bytes, so that lengths are known before positions are.
std::string element(std::uint32_t id, std::string_view payload) {
  std::string out;
  put_bytes(out, id, 4 - std::countl_zero(id) / 8);
  put_bytes(out, std::uint64_t{1} << 56 | payload.size(), 8);
  return out.append(payload);
}

/// A double on the wire (IEEE 754). Emscripten's library has no std::bit_cast yet.
std::uint64_t bits_of(double value) {
  std::uint64_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

std::string number_element(std::uint32_t id, std::uint64_t value) {
  std::string payload;
  put_bytes(payload, value, 8);
  return element(id, payload);
}

}  // namespace

void WebmIndex::read(std::string_view bytes) {
  while (!bytes.empty() && !is_broken_) {
    if (!is_inside_) {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      ++position_;
      open_element();
      continue;
    }
    const auto keep = static_cast<std::size_t>(std::min<std::uint64_t>(to_keep_, bytes.size()));
    kept_.append(bytes.substr(0, keep));
    bytes.remove_prefix(keep);
    to_keep_ -= keep;
    const auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, bytes.size()));
    bytes.remove_prefix(skip);
    to_skip_ -= skip;
    position_ += keep + skip;
    if (to_keep_ == 0 && to_skip_ == 0) end_element();
  }
}

/// Reads `head_` as soon as it is complete: an id and a size.
void WebmIndex::open_element() {
  const auto id_length = static_cast<std::size_t>(length_of(head_.front()));
  if (id_length > 4) {
    is_broken_ = true;
    return;
  }
  if (head_.size() <= id_length) return;
  std::string_view rest = std::string_view(head_).substr(id_length);
  const auto size_length = static_cast<std::size_t>(length_of(rest.front()));
  if (size_length > 8) {
    is_broken_ = true;
    return;
  }
  if (rest.size() < size_length) return;
  const auto size = take_number(rest);
  if (!size) return;
  Element element{static_cast<std::uint32_t>(number_of(head_.substr(0, id_length)))};
  element.size = *size;
  element.is_endless = element.size == (std::uint64_t{1} << (7 * size_length)) - 1;
  begin(element);
  head_.clear();
}

/// Descends into segments, clusters and block groups without tracking their end: browsers leave the
/// sizes unknown, and ids identify the level.
void WebmIndex::begin(const Element& element) {
  current_ = element;
  kept_.clear();
  switch (element.id) {
    case kSegment: has_segment_ = true; return;
    case kCluster:
      cluster_ = position_ - head_.size();
      if (!first_cluster_) first_cluster_ = cluster_;
      cluster_has_cue_ = false;
      return;
    case kBlockGroup: return;
    default: break;
  }
  if (element.is_endless) {
    is_broken_ = true;
    return;
  }
  std::uint64_t most = 0;
  if (element.id == kEbml || element.id == kInfo || element.id == kTracks) most = kMaxKeptBytes;
  if (element.id == kTimestamp) most = 8;
  if (element.id == kSimpleBlock || element.id == kBlock) most = kMostBlockBytes;
  to_keep_ = std::min(most, element.size);
  to_skip_ = element.size - to_keep_;
  is_inside_ = true;
  if (most == kMaxKeptBytes && element.size > most) is_broken_ = true;
  if (element.size == 0) end_element();
}

void WebmIndex::end_element() {
  is_inside_ = false;
  // The header comes before the first cluster, and frames are in clusters; what is elsewhere is not
  // a player's either.
  const bool is_of_header = current_.id == kEbml || current_.id == kInfo || current_.id == kTracks;
  if (is_of_header == first_cluster_.has_value()) return;
  switch (current_.id) {
    case kEbml: ebml_ = std::move(kept_); break;
    case kInfo:
      info_ = std::move(kept_);
      is_broken_ |= !for_each_child(info_, [this](std::uint32_t id, std::string_view payload) {
        if (id == kTimestampScale && payload.size() <= 8) time_scale_ = number_of(payload);
      });
      break;
    case kTracks: take_tracks(); break;
    case kTimestamp: cluster_time_ = number_of(kept_); break;
    case kSimpleBlock:
    case kBlock: take_block(kept_); break;
    default: break;
  }
}

void WebmIndex::take_tracks() {
  tracks_ = std::move(kept_);
  has_video_ = false;
  is_broken_ |= !for_each_child(tracks_, [this](std::uint32_t id, std::string_view entry) {
    if (id != kTrackEntry) return;
    std::uint64_t number = 0;
    std::uint64_t type = 0;
    is_broken_ |= !for_each_child(entry, [&](std::uint32_t field, std::string_view payload) {
      if (field == kTrackNumber) number = number_of(payload);
      if (field == kTrackType) type = number_of(payload);
    });
    if (has_video_ || number == 0) return;
    cue_track_ = number;
    has_video_ = type == kVideo;
  });
}

void WebmIndex::take_block(std::string_view payload) {
  const auto track = take_number(payload);
  if (!track || payload.size() < 3) {
    is_broken_ = true;
    return;
  }
  const auto offset = static_cast<std::int16_t>(number_of(payload.substr(0, 2)));
  const std::int64_t sum = static_cast<std::int64_t>(cluster_time_) + offset;
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
  if (time > last_time_) {
    last_step_ = time - last_time_;
    last_time_ = time;
  }
  const bool is_key =
      current_.id == kSimpleBlock && (static_cast<std::uint8_t>(payload[2]) & kKeyframe) != 0;
  if (track == cue_track_ && (is_key || !has_video_)) add_cue(time);
}

/// At most one cue for each cluster: a player finds the frame in it by itself.
void WebmIndex::add_cue(std::uint64_t time) {
  if (std::exchange(cluster_has_cue_, true)) return;
  if (seek_points_++ % cue_stride_ != 0) return;
  if (cues_.size() == kMaxCues) {
    for (std::size_t i = 0; i < kMaxCues / 2; ++i) cues_[i] = cues_[2 * i];
    cues_.resize(kMaxCues / 2);
    cue_stride_ *= 2;
  }
  cues_.push_back({time, cluster_});
}

double WebmIndex::duration() const {
  return static_cast<double>(last_time_) + static_cast<double>(last_step_);
}

double WebmIndex::duration_ms() const {
  return duration() * static_cast<double>(time_scale_) / 1e6;
}

std::string WebmIndex::info_with_duration() const {
  std::string payload;
  for_each_child(info_, [&payload](std::uint32_t id, std::string_view each) {
    if (id != kDuration) payload += element(id, each);
  });
  return element(kInfo, payload + number_element(kDuration, bits_of(duration())));
}

std::optional<WebmIndex::Header> WebmIndex::header() const {
  if (is_broken_ || !has_segment_ || !first_cluster_ || tracks_.empty()) return std::nullopt;
  const std::string before_cues = info_with_duration() + element(kTracks, tracks_);
  const auto cues_at = [this](std::uint64_t clusters_at) {
    std::string points;
    for (const Cue& cue : cues_) {
      const std::string position =
          number_element(kCueTrack, cue_track_) +
          number_element(kCueClusterPosition, clusters_at + cue.position - *first_cluster_);
      points += element(kCuePoint,
                        number_element(kCueTime, cue.time) + element(kCueTrackPositions, position));
    }
    return element(kCues, points);
  };
  // All numbers have a fixed length, so the length of the index does not depend on what is in it.
  const std::uint64_t clusters_at = before_cues.size() + cues_at(0).size();
  std::string segment;
  put_bytes(segment, kSegment, 4);
  put_bytes(segment, std::uint64_t{1} << 56 | (clusters_at + position_ - *first_cluster_), 8);
  return Header{element(kEbml, ebml_) + segment + before_cues + cues_at(clusters_at),
                *first_cluster_};
}

}  // namespace onair::session
