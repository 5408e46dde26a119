// SRTP. The first byte chooses the profile; each line is a step: a packet to send, one to receive
// again, or hostile bytes. What we send, libsrtp2 reads, and the other way round; what is hostile
// changes nothing; no index ever stands for two packets.
#include "sfu/srtp/srtp.hpp"

#include <map>
#include <utility>
#include <vector>

#include "fuzz/targets.hpp"
#include "sfu/libsrtp.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;
using onair::sfu::test::Libsrtp;
using Packet = std::vector<std::uint8_t>;

constexpr std::uint32_t kSsrc = 0x1234'5678;

SrtpCiphers& ciphers() {
  static SrtpCiphers made;
  return made;
}

SrtpMasterKey key_of(SrtpProfile profile) {
  SrtpMasterKey key;
  key.key.fill(0x5a);
  for (std::size_t i = 0; i < salt_size(profile); ++i) key.salt[i] = 0xa5;
  return key;
}

class Session {
 public:
  explicit Session(SrtpProfile profile)
      : sender_(ciphers(), profile, key_of(profile)),
        receiver_(ciphers(), profile, key_of(profile)),
        their_sender_(profile, key_of(profile), Libsrtp::Direction::send),
        their_receiver_(profile, key_of(profile), Libsrtp::Direction::receive) {
    sender_.add_stream(kSsrc, Resends::same_packet);
  }

  void step(std::string_view line) {
    if (line.empty()) return;
    const Bytes rest = bytes_of(line.substr(1));
    switch (line[0] % 4) {
      case 0: return send_rtp(rest);
      case 1: return send_rtcp(rest);
      case 2: return receive_rtp(rest);
      default: return receive_rtcp(rest);
    }
  }

 private:
  /// The first two bytes move the index, up or down.
  void send_rtp(Bytes input) {
    if (input.size() < 2) return;
    const auto move = static_cast<std::int16_t>(read_u16(input.data()));
    const std::uint64_t index = top_ + static_cast<std::uint64_t>(move);
    const Bytes payload = input.subspan(2);
    Packet packet(12 + payload.size() + kMaxRtpOverhead);
    packet[0] = 0x80;
    write_u16(&packet[2], static_cast<std::uint16_t>(index));
    write_u32(&packet[8], kSsrc);
    Packet plain(packet.begin(), packet.begin() + 12);
    plain.insert(plain.end(), payload.begin(), payload.end());
    packet.resize(sender_.protect_rtp(packet, 12, payload, index).size);
    if (packet.empty()) return;
    const auto [sent, first] = sent_.try_emplace(index, packet);
    check(sent->second == packet, "an index stands for one packet");
    top_ = std::max(top_, index);
    if (first) compare_rtp(index, plain, packet);
  }

  void compare_rtp(std::uint64_t index, const Packet& plain, Packet packet) {
    Packet theirs = packet;
    check(their_receiver_.receive_rtp(theirs) && theirs == plain, "libsrtp2 reads our RTP");
    const auto received = receiver_.receive_rtp(packet);
    check(received && received.index == index, "we read our RTP");
    packet.resize(received.size);
    check(packet == plain, "RTP arrives as it was sent");
  }

  void send_rtcp(Bytes body) {
    Packet plain(8);
    plain[0] = 0x80;
    plain[1] = 201;
    write_u32(&plain[4], kSsrc);
    plain.insert(plain.end(), body.begin(), body.end());
    plain.resize(plain.size() / 4 * 4);
    Packet ours = plain;
    ours.resize(plain.size() + kMaxRtcpOverhead);
    ours.resize(sender_.protect_rtcp(ours, plain.size()).size);
    check(their_receiver_.receive_rtcp(ours) && ours == plain, "libsrtp2 reads our RTCP");
    Packet theirs = plain;
    check(their_sender_.protect_rtcp(theirs), "libsrtp2 sends RTCP");
    theirs.resize(receiver_.receive_rtcp(theirs).size);
    check(theirs == plain, "we read libsrtp2's RTCP");
  }

  void receive_rtp(Bytes hostile) {
    Packet packet(hostile.begin(), hostile.end());
    check(!receiver_.receive_rtp(packet), "hostile RTP is refused");
    if (sent_.empty()) return;
    packet = sent_.rbegin()->second;  // with some bytes changed
    for (std::size_t i = 0; i < hostile.size(); ++i) packet[i % packet.size()] ^= hostile[i];
    check(!receiver_.receive_rtp(packet), "a changed packet is refused, and a replay");
  }

  void receive_rtcp(Bytes hostile) {
    Packet packet(hostile.begin(), hostile.end());
    check(!receiver_.receive_rtcp(packet), "hostile RTCP is refused");
  }

  SrtpSender sender_;
  SrtpReceiver receiver_;
  Libsrtp their_sender_;
  Libsrtp their_receiver_;
  std::uint64_t top_ = 0;
  std::map<std::uint64_t, Packet> sent_;
};

}  // namespace

void onair::fuzz::run(std::string_view input) {
  if (input.empty()) return;
  Session session(input[0] % 2 == 0 ? SrtpProfile::aead_aes_128_gcm
                                    : SrtpProfile::aes128_cm_sha1_80);
  for_each_line(input.substr(1), [&](std::string_view line) { session.step(line); });
}
