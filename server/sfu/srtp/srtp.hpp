// SRTP (RFC 3711) with AEAD_AES_128_GCM (RFC 7714) or AES128_CM_HMAC_SHA1_80: what goes to a peer,
// and what comes from one. No sockets, no clock. No allocation for a packet but the first of a
// stream.
//
// A key and an index encrypt one text, never two: with GCM a second text under the same nonce gives
// away the authentication key (RFC 7714, section 8.4). SrtpSender makes that impossible, whatever
// its caller does: see SrtpSender::protect_rtp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sfu/base/bytes.hpp"
#include "sfu/srtp/sequence_window.hpp"
#include "sfu/srtp/srtp_keys.hpp"
#include "sfu/srtp/srtp_transform.hpp"

namespace onair::sfu {

/// Room to leave behind a plain packet.
inline constexpr std::size_t kMaxRtpOverhead = 16;
inline constexpr std::size_t kMaxRtcpOverhead = 20;

/// Why a packet was neither encrypted nor decrypted.
enum class SrtpRefusal : std::uint8_t {
  none,
  malformed,       ///< not RTP or RTCP of version 2, or the header contradicts the arguments
  no_room,         ///< sending: the buffer is too short for the tag
  unknown_stream,  ///< sending: add_stream was not called for this SSRC
  bad_start,  ///< sending: a stream's first index is 2^15 or more, which a receiver may misjudge
  jump,       ///< sending: 2^15 or more above the highest index, which a receiver would misjudge
  too_old,    ///< below the window
  repeated,   ///< sending: the index has been used; receiving: a replay
  differs,    ///< sending: the index has been used for another packet
  exhausted,  ///< the key's last index has been used (RFC 3711, section 9.2)
  not_authentic,  ///< receiving: the tag is wrong
  failed,         ///< OpenSSL failed
};

std::string_view name_of(SrtpRefusal refusal);

struct SrtpResult {
  std::size_t size = 0;  ///< of the packet as it is now; 0: refused
  SrtpRefusal refusal = SrtpRefusal::none;

  explicit operator bool() const { return size != 0; }
};

/// An RTP packet that was decrypted.
struct SrtpReceived {
  std::size_t size = 0;         ///< of the plain packet; 0: refused
  std::size_t header_size = 0;  ///< with CSRCs and extensions
  std::uint64_t index = 0;      ///< roll-over counter and sequence number (RFC 3711, section 3.3.1)
  SrtpRefusal refusal = SrtpRefusal::none;

  explicit operator bool() const { return size != 0; }
};

/// Answer to a viewer without RTX that asks for a packet again.
enum class Resends : std::uint8_t {
  none,         ///< nothing: an index is used once. For streams with RTX, and for RTX itself.
  same_packet,  ///< the same packet, byte for byte. Costs 8 KB a stream.
};

/// Encrypts what goes to one peer.
class SrtpSender {
 public:
  /// More streams than any session has: audio, video and its RTX.
  static constexpr std::size_t kMaxStreams = 8;
  /// Packets back from the highest one that can still be sent, first or again.
  static constexpr std::size_t kWindow = 1'024;

  /// Throws std::runtime_error when OpenSSL fails. `ciphers` outlives it.
  SrtpSender(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpMasterKey& key);

  /// Must come before a stream's first packet. False when the SSRC is there already, or there are
  /// kMaxStreams.
  bool add_stream(std::uint32_t ssrc, Resends resends);

  /// Writes an SRTP packet into `packet`, whose first `header_size` bytes are an RTP header with
  /// its CSRCs and extensions. `payload`, with its padding, is encrypted from where it is (a
  /// publication's slot, for example) to behind the header; it may also be there already, but must
  /// not overlap it partly. `packet` has room for header, payload and kMaxRtpOverhead.
  ///
  /// `index` is the sequence number extended by its roll-over counter. Receivers begin at a
  /// roll-over counter of 0: so a stream's first index is below 2^15, and is the viewer's own, not
  /// its publication's.
  ///
  /// An index is used once, in any order within kWindow. With Resends::same_packet it may come
  /// again with the same bytes, payload and *header*: then the same SRTP packet comes out. So a
  /// header extension that tells the time of sending (abs-send-time, transport-cc's number) can't
  /// be in such a stream, unless it is written as it was the first time. Any other packet is
  /// refused, and `packet` is then zero behind its header.
  SrtpResult protect_rtp(MutableBytes packet, std::size_t header_size, Bytes payload,
                         std::uint64_t index);

  /// Encrypts a compound RTCP packet in place: its first `size` bytes, with room for
  /// kMaxRtcpOverhead behind them. Counts the SRTCP index itself, one for all SSRCs.
  SrtpResult protect_rtcp(MutableBytes packet, std::size_t size);

 private:
  using Window = SequenceWindow<kWindow>;
  using Tags = std::array<std::uint64_t, kWindow>;

  struct Stream {
    std::uint32_t ssrc;
    Window sent;
    std::unique_ptr<Tags> tags;  ///< of what was sent, by index modulo kWindow; null: Resends::none
  };

  Stream* find(std::uint32_t ssrc);
  static SrtpRefusal judge(const Stream& stream, std::uint64_t index);
  static bool remember(Stream& stream, std::uint64_t index, const std::uint8_t* tag);

  SrtpTransform rtp_;
  SrtpTransform rtcp_;
  std::vector<Stream> streams_;
  std::uint32_t next_rtcp_index_ = 0;
};

/// Decrypts what comes from one peer. Only an authentic packet changes its state.
class SrtpReceiver {
 public:
  /// SSRCs that are kept apart. Another one replaces the one that was silent longest;
  /// that one's packets could then be replayed, and its roll-over counter begins at 0 again. Only
  /// the holder of the key can bring that about.
  static constexpr std::size_t kMaxStreams = 16;
  /// Packets back from the highest one that are still taken.
  static constexpr std::size_t kRtpWindow = 1'024;
  static constexpr std::size_t kRtcpWindow = 128;

  /// Throws std::runtime_error when OpenSSL fails. `ciphers` outlives it.
  SrtpReceiver(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpMasterKey& key);

  /// Decrypts in place. When it is refused as not_authentic, the bytes behind the header are
  /// destroyed.
  SrtpReceived receive_rtp(MutableBytes packet);

  /// The same for a compound RTCP packet. Packets that are not encrypted are refused as malformed:
  /// RFC 8827 section 6.5 allows no NULL cipher.
  SrtpResult receive_rtcp(MutableBytes packet);

 private:
  template <std::size_t kWindow>
  struct Stream {
    std::uint32_t ssrc = 0;
    SequenceWindow<kWindow> received;
    std::uint64_t last_used = 0;
  };
  template <std::size_t kWindow>
  using Streams = std::vector<Stream<kWindow>>;

  template <std::size_t kWindow>
  static const Stream<kWindow>* find(const Streams<kWindow>& streams, std::uint32_t ssrc);
  template <std::size_t kWindow>
  void mark(Streams<kWindow>& streams, std::uint32_t ssrc, std::uint64_t index);

  SrtpTransform rtp_;
  SrtpTransform rtcp_;
  Streams<kRtpWindow> rtp_streams_;
  Streams<kRtcpWindow> rtcp_streams_;
  std::uint64_t uses_ = 0;
};

}  // namespace onair::sfu
