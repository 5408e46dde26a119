// The hub's entry: whatever clients send, in whatever order they come and go, the hubs keep what
// they promise, and in the end nothing is left.
#include "rooms/hub.hpp"

#include <array>

#include "fuzz/clients.hpp"
#include "fuzz/targets.hpp"
#include "protocol/text.hpp"
#include "support/cluster.hpp"

namespace {

using namespace onair;
using fuzz::Client;
using fuzz::PlainTokens;

constexpr std::size_t kClients = 6;
constexpr rooms::HubId kHubs = 2;

class World {
 public:
  /// Makes one step: its first byte says what and who.
  void step(std::string_view text) {
    if (text.empty()) return;
    const auto what = static_cast<unsigned char>(text[0]);
    const std::size_t who = what % kClients;
    switch (what / kClients % 8) {
      case 0: return leave(who, rooms::Hub::Leaving::for_good);
      case 1:
        if (what >= 8 * kClients) return hub_of(who).send_off(clients_[who], cluster_.now);
        return leave(who, rooms::Hub::Leaving::perhaps);
      case 2:
        if (what >= 8 * kClients) {
          clients_[who].is_slow = !clients_[who].is_slow;
          clients_[who].waiting.bytes = 0;
          return;
        }
        return cluster_.advance(std::chrono::seconds(what % 7));
      case 3: return cluster_.settle();
      default:
        // The socket layer lets nothing else through.
        if (!protocol::is_utf8(text.substr(1)) || clients_[who].closed) return;
        hub_of(who).receive(clients_[who], text.substr(1), cluster_.now);
    }
  }

  void end() {
    for (std::size_t who = 0; who < kClients; ++who) leave(who, rooms::Hub::Leaving::perhaps);
    for (int i = 0; i < 4; ++i) {
      cluster_.settle();
      cluster_.advance(std::chrono::seconds(20));
    }
    cluster_.settle();
    for (std::size_t i = 0; i < cluster_.hubs(); ++i) {
      const rooms::Hub& hub = cluster_.hub(i);
      fuzz::check(hub.census().peers == 0 && hub.census().rooms == 0, "nobody is left");
      fuzz::check(!hub.next_deadline(), "nothing is left to do");
    }
  }

 private:
  rooms::Hub& hub_of(std::size_t who) { return cluster_.hub(who % kHubs); }

  void leave(std::size_t who, rooms::Hub::Leaving leaving) {
    hub_of(who).disconnected(clients_[who], leaving, cluster_.now);
    clients_[who] = Client();
  }

  PlainTokens tokens_;
  int last_id_ = 0;
  tests::Cluster cluster_{
      {kHubs}, [this] {
        return rooms::HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id_); },
            .resume_tokens = tokens_,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
            .limits = {.rates = {100, 100'000, std::chrono::seconds(1)},
                       .peers_per_room = 4,
                       .rooms = 3},
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
