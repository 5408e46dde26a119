// Makes a recorded WebM file (RFC 9559, Matroska, in EBML, RFC 8794) one that players can seek in.
// A browser writes it as it records: without a duration and without an index. WebmIndex reads the
// file from its begin to its end, in pieces of any size, and gives a header that has both. The
// clusters with the sound and the pictures stay as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onair::session {

class WebmIndex {
 public:
  /// Limit of each element of the header, which is kept as it is. Browsers write some hundred
  /// bytes.
  static constexpr std::size_t kMaxKeptBytes = 65'536;
  /// Limit of index entries. Beyond it every second one is dropped, so a long file gets a coarser
  /// index.
  static constexpr std::size_t kMaxCues = 16'384;

  /// The next bytes of the file.
  void read(std::string_view bytes);

  /// Bytes to write over the file's first `replaced` bytes.
  struct Header {
    std::string bytes;
    std::uint64_t replaced;
  };

  /// The header for what has been read so far; empty if that is no WebM file with a cluster, or one
  /// that breaks the format. Such a file is left as it is.
  std::optional<Header> header() const;

  /// From the first to the end of the last frame, in milliseconds.
  double duration_ms() const;

 private:
  struct Element {
    std::uint32_t id = 0;
    std::uint64_t size = 0;
    bool is_endless = false;  ///< EBML's unknown size
  };
  /// A point to seek to: a cluster with a frame that needs no earlier one.
  struct Cue {
    std::uint64_t time;      ///< in units of the time scale
    std::uint64_t position;  ///< of the cluster in the file
  };

  void open_element();
  void begin(const Element& element);
  void end_element();
  void take_block(std::string_view payload);
  void take_tracks();
  void add_cue(std::uint64_t time);
  std::string info_with_duration() const;
  double duration() const;

  std::string head_;  ///< of the next element, not complete yet
  Element current_;
  std::string kept_;           ///< of the current element, as far as it is of use
  std::uint64_t to_keep_ = 0;  ///< bytes of it still to come
  std::uint64_t to_skip_ = 0;  ///< and then these
  bool is_inside_ = false;     ///< of `current_`
  bool is_broken_ = false;
  std::uint64_t position_ = 0;  ///< of the next byte

  std::string ebml_, info_, tracks_;  ///< these elements, without their heads
  bool has_segment_ = false;
  std::uint64_t time_scale_ = 1'000'000;  ///< nanoseconds of a unit
  std::uint64_t cue_track_ = 1;           ///< the video, or the only track
  bool has_video_ = false;

  std::optional<std::uint64_t> first_cluster_;
  std::uint64_t cluster_ = 0;  ///< position of the current one
  std::uint64_t cluster_time_ = 0;
  bool cluster_has_cue_ = false;
  std::uint64_t last_time_ = 0;
  std::uint64_t last_step_ = 0;  ///< between the last two times
  std::vector<Cue> cues_;
  std::uint64_t cue_stride_ = 1;  ///< of so many seek points one is kept
  std::uint64_t seek_points_ = 0;
};

}  // namespace onair::session
