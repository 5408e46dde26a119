// Processes that share rooms over a network that is hostile in its timing: messages and the answers
// of the lease store come late, twice and out of order, processes are cut off and come back.
// Whatever happens, nothing breaks meanwhile; once the network is well again, one process serves
// each peer, one talker has the room everywhere, and in the end nobody is left.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/clients.hpp"
#include "fuzz/targets.hpp"
#include "protocol/text.hpp"
#include "support/cluster.hpp"

namespace {

using namespace onair;
using fuzz::check;
using fuzz::Client;

constexpr std::size_t kProcesses = 3;
constexpr std::size_t kClients = 6;
constexpr std::size_t kRooms = 2;

/// Tokens that hold for what they were issued for, and that the fuzzer can name by their number.
class NumberedTokens final : public rooms::ResumeTokens {
 public:
  std::string issue(const rooms::Identity& identity) override {
    issued_.push_back(identity);
    return std::to_string(issued_.size() - 1);
  }
  std::optional<rooms::Resumption> redeem(std::string_view token, std::string_view room,
                                          protocol::Role role) override {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error != std::errc() || end != token.data() + token.size() || number >= issued_.size())
      return std::nullopt;
    const rooms::Identity& identity = issued_[number];
    if (identity.room != room || identity.role != role) return std::nullopt;
    return rooms::Resumption{identity.id, std::chrono::seconds(1)};
  }
  const std::vector<rooms::Identity>& issued() const { return issued_; }

 private:
  std::vector<rooms::Identity> issued_;
};

class World {
 public:
  /// Makes one step.
  void step(std::string_view text) {
    perform(text);
    // Looking at every entry after every step would take time that the fuzzer has better uses for.
    if (++steps_ % 32 == 0) check_queues();
  }

  /// The first byte says what, the second byte who or which; a client's frame follows.
  void perform(std::string_view text) {
    if (text.size() < 2) return;
    const auto which = static_cast<unsigned char>(text[1]);
    const std::size_t who = which % kClients;
    const std::size_t process = which % kProcesses;
    switch (text[0]) {
      case 'T': return enter(who, which, "talk");
      case 'W': return enter(who, which, "watch");
      case 'S': return receive(who, text.substr(2));
      case 'L': return leave(who, rooms::Hub::Leaving::perhaps);
      case 'B': return leave(who, rooms::Hub::Leaving::for_good);
      case 'X': return cut(process);
      case 'M': return mend(process);
      case 'H': return cluster_.process(process).wire->hold();
      case 'G': return cluster_.process(process).wire->let_go();
      case 'm': return bring_forward(cluster_.network.under_way, which);
      case 'a': return bring_forward(cluster_.leases.answers, which);
      case '2': return repeat(cluster_.network.under_way, which);
      case 'A': return repeat(cluster_.leases.answers, which);
      case 'd': return hand_over(which);
      case 't': return cluster_.advance(std::chrono::milliseconds(100) * which);
      default: return;
    }
  }

  void end() {
    for (std::size_t i = 0; i < kProcesses; ++i) {
      cluster_.process(i).wire->let_go();
      mend(i);
    }
    check_queues();
    cluster_.pass(std::chrono::seconds(60));
    check_queues();
    check_members();
    for (std::size_t who = 0; who < kClients; ++who) leave(who, rooms::Hub::Leaving::for_good);
    cluster_.pass(std::chrono::seconds(60));
    for (std::size_t i = 0; i < cluster_.hubs(); ++i) {
      const rooms::Census census = cluster_.hub(i).census();
      check(census.peers == 0 && census.rooms == 0, "nobody is left");
      check(!cluster_.hub(i).next_deadline(), "nothing is left to do");
    }
    for (std::size_t i = 0; i < kProcesses; ++i) {
      const cluster::Gateway& gateway = *cluster_.process(i).gateway;
      check(gateway.processes() == kProcesses - 1, "the processes know of each other");
      for (std::size_t room = 0; room < kRooms; ++room) {
        check(!gateway.share_of(name_of(room)), "a room is left with its last member");
      }
    }
  }

 private:
  static std::string name_of(std::size_t room) {
    return std::string(1, static_cast<char>('a' + room % kRooms));
  }

  bool is_cut(std::size_t process) { return cluster_.process(process).wire->is_cut; }
  void cut(std::size_t process) {
    if (!is_cut(process)) cluster_.cut(process);
  }
  void mend(std::size_t process) {
    if (is_cut(process)) cluster_.mend(process);
  }

  rooms::Hub& hub_of(std::size_t who) { return cluster_.hub(who % kProcesses); }

  void receive(std::size_t who, std::string_view frame) {
    if (protocol::is_utf8(frame) && !clients_[who].closed) {
      hub_of(who).receive(clients_[who], frame, cluster_.now);
    }
  }

  /// Enters one of the rooms; every other time as somebody who was there before, perhaps elsewhere.
  void enter(std::size_t who, std::size_t which, const std::string& role) {
    const std::size_t issued = tokens_.issued().size();
    const bool resumes = (which & 64) != 0 && issued > 0;
    const std::string resume =
        resumes ? R"(,"resume":")" + std::to_string(which % issued) + "\"" : "";
    receive(who, R"({"type":"enter","room":")" + name_of(which / kClients) + R"(","role":")" +
                     role + "\"" + resume + "}");
    if (role == "talk") receive(who, R"({"type":"talk_ready"})");
  }

  void leave(std::size_t who, rooms::Hub::Leaving leaving) {
    hub_of(who).disconnected(clients_[who], leaving, cluster_.now);
    clients_[who] = Client();
  }

  /// The one of this number comes before all others.
  template <typename Queue>
  static void bring_forward(Queue& queue, std::size_t which) {
    if (queue.empty()) return;
    const auto chosen = queue.begin() + static_cast<std::ptrdiff_t>(which % queue.size());
    std::rotate(queue.begin(), chosen, chosen + 1);
  }

  /// The one of this number comes once more, last.
  template <typename Queue>
  static void repeat(Queue& queue, std::size_t which) {
    if (!queue.empty()) queue.push_back(queue[which % queue.size()]);
  }

  void hand_over(std::size_t count) {
    for (std::size_t i = 0; i < count % 16 && cluster_.settle_a_little(); ++i) {
    }
  }

  void check_members() {
    std::set<protocol::PeerId> all;
    std::map<std::string, std::size_t> talkers;
    for (std::size_t i = 0; i < cluster_.hubs(); ++i) {
      for (const rooms::RoomReport& room : cluster_.hub(i).rooms()) {
        for (const rooms::PeerReport& peer : room.peers) {
          check(all.insert(peer.id).second, "one process serves a peer");
          if (peer.role != protocol::Role::talk) continue;
          check(++talkers[room.name] <= 1, "one talker has the room");
        }
      }
    }
  }

  void check_queues() {
    for (std::size_t i = 0; i < kProcesses; ++i) {
      check(cluster_.process(i).gateway->is_consistent(),
            "queues keep their bounds, and schedules agree");
    }
  }

  NumberedTokens tokens_;
  int last_id_ = 0;
  int steps_ = 0;
  tests::Cluster cluster_{
      std::vector<rooms::HubId>(kProcesses, 1), [this] {
        return rooms::HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id_); },
            .resume_tokens = tokens_,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
            .limits = {.peers_per_room = 4, .rooms = 3},
        };
      }};
  std::array<Client, kClients> clients_;
};

}  // namespace

void onair::fuzz::run(std::string_view input) {
  World world;
  for_each_line(input, [&world](std::string_view line) { world.step(line); });
  world.end();
}
