// A forwarder with peers on a network in memory: for tests of the forwarder as a whole.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/forwarder.hpp"
#include "sfu/offers.hpp"
#include "sfu/remote_peer.hpp"

namespace onair::sfu::tests {

using control::ErrorCode;
using control::GoneReason;
using onair::tests::kChromiumRecvonly;
using onair::tests::kChromiumSendonly;
using onair::tests::kFirefoxRecvonly;

/// VP8's payload descriptor and the first bytes of a key frame (RFC 7741, sections 4.2 and 4.3).
inline const std::string kKeyFrame("\x10\x10\x02\x00\x9d\x01\x2a key", 11);
inline const std::string kDelta("\x10\x11\x02\x00 delta", 10);

class ForwarderTest : public testing::Test, public PacketSink, public EventSink {
 protected:
  static control::PeerId id(char digit) { return std::string(control::kPeerIdDigits, digit); }
  static control::PeerId id(std::size_t number) {
    const std::string digits = std::to_string(number);
    return std::string(control::kPeerIdDigits - digits.size(), 'e') + digits;
  }

  void send(const Path& to, Bytes bytes, std::uint16_t segment_size) override {
    for (Bytes rest = bytes; !rest.empty();) {
      const Bytes datagram = rest.first(
          segment_size == 0 ? rest.size() : std::min<std::size_t>(segment_size, rest.size()));
      under_way_.push_back({to, {datagram.begin(), datagram.end()}});
      rest = rest.subspan(datagram.size());
    }
  }
  void event(const control::Event& event) override { events_.push_back(event); }

  RemotePeer& add_remote() {
    const auto port = static_cast<std::uint16_t>(1'000 + remotes_.size());
    return *remotes_.emplace_back(std::make_unique<RemotePeer>(port));
  }
  void give(const RemotePeer& from, PacketBytes packet) {
    forwarder_.receive(packet, from.path, now_);
  }
  /// Delivers what the forwarder has sent, and what the others answer to it.
  void deliver() {
    for (const auto& [to, packet] : std::exchange(under_way_, {})) {
      for (const auto& remote : remotes_) {
        if (remote->path == to) remote->receive(packet, now_);
      }
    }
    for (const auto& remote : remotes_) give_dtls(*remote);
  }
  /// Passes packets on until nobody has any.
  void settle() {
    do {
      forwarder_.advance(now_);
      deliver();
    } while (!under_way_.empty() || forwarder_.next_deadline().value_or(TimePoint::max()) <= now_);
  }
  void give_dtls(RemotePeer& remote) {
    if (!remote.is_checked) return;
    for (const Datagram& datagram : remote.take_dtls()) give(remote, datagram);
  }
  void connect(RemotePeer& remote) {
    give(remote, remote.check());
    settle();
  }
  /// Time passes, and peers that are there consent.
  void pass(Duration duration, const std::vector<RemotePeer*>& checking = {}) {
    for (const TimePoint end = now_ + duration; now_ < end;) {
      now_ += std::chrono::milliseconds(100);
      for (RemotePeer* const remote : checking) give(*remote, remote->check());
      settle();
    }
  }

  control::Reply ask(const control::Request& request) { return forwarder_.handle(request, now_); }
  std::string description(const control::Reply& reply) {
    if (const auto* const error = std::get_if<control::Error>(&reply)) {
      ADD_FAILURE() << error->message;
      return "";
    }
    return std::get<control::Description>(reply).sdp;
  }
  static std::optional<ErrorCode> code_of(const control::Reply& reply) {
    const auto* const error = std::get_if<control::Error>(&reply);
    return error == nullptr ? std::nullopt : std::optional(error->code);
  }

  RemotePeer& publish(char digit, std::string_view offer = kChromiumSendonly) {
    RemotePeer& talker = add_remote();
    const auto sdp = talker.with_own_certificate(std::string(offer));
    talker.set_remote(description(ask(control::Publish{"lesson", id(digit), sdp, "note"})), now_);
    connect(talker);
    EXPECT_TRUE(talker.is_connected());
    return talker;
  }
  RemotePeer& play(char digit, std::string_view offer = kChromiumRecvonly) {
    RemotePeer& viewer = add_remote();
    const auto sdp = viewer.with_own_certificate(std::string(offer));
    viewer.set_remote(description(ask(control::Play{"lesson", id(digit), sdp, ""})), now_);
    connect(viewer);
    EXPECT_TRUE(viewer.is_connected());
    return viewer;
  }
  /// A viewer that has asked for DTLS, and has no answer yet.
  RemotePeer& begin_join(std::size_t number, std::string_view offer = kChromiumRecvonly) {
    RemotePeer& viewer = add_remote();
    const auto sdp = viewer.with_own_certificate(std::string(offer));
    viewer.set_remote(description(ask(control::Play{"lesson", id(number), sdp, ""})), now_);
    give(viewer, viewer.check());
    return viewer;
  }
  /// A frame of one packet.
  void give_video(RemotePeer& talker, std::uint16_t sequence, const std::string& payload,
                  std::uint32_t ssrc = 0x1234) {
    give(talker, talker.rtp({.marker = true,
                             .payload_type = 96,
                             .sequence = sequence,
                             .timestamp = sequence * 3'000U,
                             .ssrc = ssrc},
                            payload));
  }
  void send_video(RemotePeer& talker, std::uint16_t sequence, const std::string& payload,
                  std::uint32_t ssrc = 0x1234) {
    give_video(talker, sequence, payload, ssrc);
    settle();
  }
  /// How many peers get DTLS by what is under way.
  std::size_t dtls_flights() const {
    std::set<Path> to;
    for (const auto& [path, packet] : under_way_) {
      if (classify(packet) == PacketClass::dtls) to.insert(path);
    }
    return to.size();
  }
  std::string note_of(char digit) {
    const auto greeting = std::get<control::Greeting>(ask(control::Hello{}));
    for (const control::PeerInfo& peer : greeting.peers.entries()) {
      if (peer.peer == id(digit)) return peer.note;
    }
    ADD_FAILURE() << "there is no such peer";
    return "";
  }
  bool has_event(const control::Event& event) const {
    return std::ranges::find(events_, event) != events_.end();
  }

  TimePoint now_ = TimePoint(std::chrono::hours(1));
  Forwarder forwarder_{
      {.candidates = {{Address::v4({192, 0, 2, 1}, 9100), LocalCandidate::Transport::udp}},
       .instance = "test",
       .dtls_timeout = std::chrono::minutes(10)},
      *this,
      *this};
  std::vector<std::unique_ptr<RemotePeer>> remotes_;
  std::vector<std::pair<Path, PacketBytes>> under_way_;
  std::vector<control::Event> events_;
};

}  // namespace onair::sfu::tests
