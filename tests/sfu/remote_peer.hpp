// A browser, an encoder or a player as far as the forwarder sees it: for tests. Made of our own ICE
// messages, DTLS and SRTP.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/dtls/dtls.hpp"
#include "sfu/ice/demux.hpp"
#include "sfu/ice/stun.hpp"
#include "sfu/rtp/rtcp.hpp"
#include "sfu/rtp/rtp.hpp"
#include "sfu/sdp/sdp.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu::tests {

using PacketBytes = std::vector<std::uint8_t>;

/// A packet as it was before SRTP.
struct PlainRtp {
  RtpFields fields;
  std::string payload;
};

class RemotePeer {
 public:
  explicit RemotePeer(std::uint16_t port) { path.remote = Address::v4({192, 0, 2, 7}, port); }

  /// An offer or answer of others with this peer's certificate in it.
  std::string with_own_certificate(std::string text) const {
    const std::string line = "a=fingerprint:";
    for (std::size_t at = 0; (at = text.find(line, at)) != std::string::npos;) {
      at += line.size();
      const std::size_t end = text.find_first_of("\r\n", at);
      text.replace(at, end - at, text_of(certificate_.fingerprint()));
    }
    return text;
  }

  /// Applies the forwarder's description.
  void set_remote(const std::string& description, TimePoint now) {
    const auto parsed = Sdp::parse(description);
    const auto* const sdp = std::get_if<Sdp>(&parsed);
    ASSERT_NE(sdp, nullptr) << description;
    for (const Section& section : sdp->sections) {
      if (section.in_use()) remote_ = section.transport;
    }
    dtls_.emplace(context_, DtlsRole::client, remote_.fingerprints, now);
  }

  PacketBytes check() { return check(remote_.pwd); }
  PacketBytes check(const std::string& password) {
    PacketBytes memory(500);
    ++transaction_.back();
    const Bytes message = StunWriter(memory, StunClass::request, transaction_)
                              .username(remote_.ufrag + ":them")
                              .priority(1)
                              .ice_controlling(1)
                              .use_candidate()
                              .integrity(password)
                              .finish();
    return {message.begin(), message.end()};
  }

  /// Takes a packet from the forwarder.
  void receive(Bytes packet, TimePoint now) {
    PacketBytes copy(packet.begin(), packet.end());
    switch (classify(copy)) {
      case PacketClass::stun: {
        const auto message = StunMessage::parse(copy);
        ASSERT_TRUE(message);
        is_checked = is_checked || message->message_class == StunClass::success;
        return;
      }
      case PacketClass::dtls:
        dtls_->receive(copy, now);
        if (auto keys = dtls_->take_keys()) {
          sender_.emplace(ciphers_, keys->profile, keys->send);
          receiver_.emplace(ciphers_, keys->profile, keys->receive);
        }
        return;
      case PacketClass::rtp: return receive_rtp(copy);
      case PacketClass::rtcp: return receive_rtcp(copy);
      case PacketClass::other: FAIL() << "neither STUN, DTLS, RTP nor RTCP";
    }
  }

  Datagrams take_dtls() { return dtls_->take_outgoing(); }
  void close() { dtls_->close(); }
  bool is_connected() const { return sender_.has_value(); }
  bool is_closed() const { return dtls_->state() == DtlsTransport::State::closed; }

  PacketBytes rtp(const RtpFields& fields, const std::string& payload) {
    if (sender_->add_stream(fields.ssrc, Resends::none)) ++streams_;
    PacketBytes packet(1'500);
    const std::size_t header = RtpWriter(packet, fields).size();
    const auto sealed = sender_->protect_rtp(packet, header, bytes_of(payload), fields.sequence);
    EXPECT_TRUE(sealed) << name_of(sealed.refusal);
    packet.resize(sealed.size);
    return packet;
  }
  PacketBytes rtcp(const RtcpWriter& plain) {
    PacketBytes packet(plain.written().begin(), plain.written().end());
    const std::size_t size = packet.size();
    packet.resize(size + kMaxRtcpOverhead);
    packet.resize(sender_->protect_rtcp(packet, size).size);
    return packet;
  }

  Path path;
  bool is_checked = false;
  std::vector<PlainRtp> packets;
  std::size_t key_frame_requests = 0;
  std::size_t receiver_reports = 0;
  std::vector<SenderInfo> sender_reports;

 private:
  void receive_rtp(PacketBytes& packet) {
    const auto plain = receiver_->receive_rtp(packet);
    ASSERT_TRUE(plain) << name_of(plain.refusal);
    const auto parsed = parse_rtp(Bytes(packet).first(plain.size));
    ASSERT_TRUE(parsed);
    packets.push_back({*parsed, std::string(text_of(parsed->payload))});
  }
  void receive_rtcp(PacketBytes& packet) {
    const auto plain = receiver_->receive_rtcp(packet);
    ASSERT_TRUE(plain) << name_of(plain.refusal);
    for (const RtcpPacket& each : RtcpCompound(Bytes(packet).first(plain.size))) {
      if (read_pli(each)) ++key_frame_requests;
      if (read_receiver_report(each)) ++receiver_reports;
      if (const auto report = read_sender_report(each)) sender_reports.push_back(report->info);
    }
  }

  DtlsCertificate certificate_;
  DtlsContext context_{certificate_, std::chrono::minutes(10)};
  SrtpCiphers ciphers_;
  RemoteTransport remote_;
  TransactionId transaction_{};
  std::optional<DtlsTransport> dtls_;
  std::optional<SrtpSender> sender_;
  std::optional<SrtpReceiver> receiver_;
  std::size_t streams_ = 0;
};

}  // namespace onair::sfu::tests
