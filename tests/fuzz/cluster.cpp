// Messages of other processes: any text on the wire is read or refused, a message that is read is
// written as the same, and a gateway that receives it goes on. Whatever clients send meanwhile,
// its queues keep their bounds.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "cluster/gateway.hpp"
#include "fuzz/targets.hpp"

namespace {

using namespace onair;
using fuzz::check;

class NoWire final : public cluster::Wire {
 public:
  void subscribe(const std::string&) override {}
  void unsubscribe(const std::string&) override {}
  void publish(const std::string& subject, std::string_view, const std::string&) override {
    check(subject.find_first_of(" \r\n") == std::string::npos, "a subject is one word");
  }
};

/// Keeps what was asked until the fuzzer answers.
class KeptLeases final : public cluster::LeaseStore {
 public:
  void create(const cluster::Claimant& claimant, const std::string& key,
              const std::string&) override {
    ask(claimant, key);
  }
  void update(const cluster::Claimant& claimant, const std::string& key, const std::string&,
              std::uint64_t) override {
    ask(claimant, key);
  }
  void release(const std::string& key, std::uint64_t) override { check_key(key); }

  /// Answers the first one: `g`ranted, `r`efused for this value, `u`navailable or `p`ostponed.
  void answer(char kind, std::string_view value, cluster::LeaseMember& member,
              rooms::TimePoint now) {
    if (asked_.empty()) return;
    const cluster::Claimant claimant = *asked_.begin();
    asked_.erase(asked_.begin());
    switch (kind) {
      case 'g': return member.granted(claimant, ++revision_, now);
      case 'r': return member.refused(claimant, value, ++revision_, now);
      case 'u': return member.unavailable(claimant, now);
      default: return member.postponed(claimant, now);
    }
  }

 private:
  void ask(const cluster::Claimant& claimant, const std::string& key) {
    check_key(key);
    check(asked_.insert(claimant).second, "one request of a claimant is under way");
  }
  static void check_key(const std::string& key) {
    check(key.find_first_of(" \r\n*>") == std::string::npos, "a key is one word");
  }

  std::set<cluster::Claimant> asked_;
  std::uint64_t revision_ = 0;
};

void check_codec(std::string_view input) {
  if (const auto share = cluster::decode_share(input)) {
    const std::string text = encode(*share);
    const auto again = cluster::decode_share(text);
    check(again && again->share == share->share && again->others == share->others &&
              again->orphans.size() == share->orphans.size(),
          "a share is read as it was written");
  }
  if (const auto message = cluster::decode_to_peer(input)) {
    const std::string text = encode(*message);
    const auto again = cluster::decode_to_peer(text);
    check(again && again->room == message->room && again->from == message->from,
          "a message is read as it was written");
    if (message->kind == cluster::ToPeer::Kind::frame) {
      check(again->frame == message->frame && cluster::is_frame(message->frame),
            "a frame crosses as it is");
    }
  }
  if (const auto order = cluster::decode_order(input)) {
    check(cluster::decode_order(*cluster::encode(*order))->room == order->room,
          "an order is the same");
  }
  if (const auto members = cluster::decode_members(input)) {
    check(cluster::decode_members(encode(*members))->come == members->come, "members are the same");
  }
}

/// Many frames from one peer to another, of which the first two bytes say who and how large.
void send_many(cluster::Gateway& gateway, std::string_view text, rooms::TimePoint now) {
  if (text.size() < 2) return;
  const std::array<std::string, 4> peers = {"id1", "x", "y", "z"};
  const auto who = static_cast<unsigned char>(text[0]);
  const auto size = static_cast<unsigned char>(text[1]) * std::size_t{256};
  const auto frame = std::make_shared<const rooms::SharedFrame>(std::string(size, ' '));
  for (int i = 0; i < 16; ++i) {
    gateway.on_directed({"a", peers[who / 4 % 4], peers[who % 4], rooms::Reach::everyone, frame},
                        now);
  }
}

void order_many(cluster::Gateway& gateway, std::string_view room, rooms::TimePoint now) {
  for (int i = 0; i < 100; ++i) {
    gateway.on_order({rooms::Order::Kind::remove_peer, std::string(room), std::to_string(i)}, now);
  }
}

/// Takes a line that stands for this process or its wire. False for any other line.
bool take_local(cluster::Gateway& gateway, KeptLeases& leases, std::string_view line,
                rooms::TimePoint now) {
  const char kind = line.empty() ? '\0' : line.front();
  switch (kind) {
    case 'g':
    case 'r':
    case 'u':
    case 'p': leases.answer(kind, line.substr(1), gateway.leases(), now); return true;
    case '>': send_many(gateway, line.substr(1), now); return true;
    case '!': order_many(gateway, line.substr(1), now); return true;
    case '-': gateway.disconnected(); return true;
    case '+': gateway.connected(now); return true;
    default: return false;
  }
}

}  // namespace

/// Each line is one of take_local(), or a subject, a space and a payload, where \x1e stands for a
/// line's end.
void onair::fuzz::run(std::string_view input) {
  check_codec(input);
  NoWire wire;
  KeptLeases leases;
  rooms::ThreadBus bus(1, 2, [](rooms::HubId, const rooms::ThreadBus::Batch&) {}, 1);
  cluster::Gateway gateway({.process = "5f0c"}, bus, wire, leases);
  bus.serve(gateway);
  rooms::TimePoint now{std::chrono::seconds(100)};
  gateway.connected(now);
  gateway.learn("a", now);
  gateway.on_share("a", 0, rooms::RoomShare{1, {{"t", true}}, 1, 3}, now);
  gateway.on_room_ready("a", now);
  gateway.on_attached("id1", "a", now);
  constexpr const char* kConsistent = "queues keep their bounds, and schedules agree";
  int lines = 0;
  for_each_line(input, [&](std::string_view line) {
    const std::string_view subject = line.substr(0, line.find(' '));
    std::string payload(line.substr(std::min(subject.size() + 1, line.size())));
    std::replace(payload.begin(), payload.end(), '\x1e', '\n');
    check_codec(payload);
    now += std::chrono::milliseconds(300);
    if (!take_local(gateway, leases, line, now)) {
      gateway.on_message(subject, payload, "reply", now);
      gateway.on_no_subscriber(subject, now);
    }
    gateway.advance(now);
    // Looking at every entry after every line would take time that the fuzzer has better uses for.
    if (++lines % 32 == 0) check(gateway.is_consistent(), kConsistent);
    bus.flush();
  });
  check(gateway.is_consistent(), kConsistent);
  gateway.on_share("a", 0, std::nullopt, now);
  check(!gateway.share_of("a"), "a room is left with its last member");
}
