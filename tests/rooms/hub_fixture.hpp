// A hub that is alone, and the time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "support/world.hpp"

namespace onair::rooms {

class HubFixture : public testing::Test {
 protected:
  explicit HubFixture(const HubLimits& limits = {}, Doorkeeper doorkeeper = let_everyone_in)
      : hub({.make_id = [this] { return "id" + std::to_string(++last_id); },
             .resume_tokens = tokens,
             .ice_servers = [this](const auto&) { return ice_servers; },
             .doorkeeper = std::move(doorkeeper),
             .limits = limits,
             .use_forwarder =
                 [this](const std::string& room, const protocol::PeerId& talker, bool on,
                        const auto&) {
                   forwarder_uses.push_back(room + " " + talker + (on ? " on" : " off"));
                 }},
            bus) {
    bus.serve(hub);
  }

  void send(Client& client, const std::string& frame) { hub.receive(client, frame, now); }
  void vanish(Client& client) { hub.disconnected(client, Hub::Leaving::perhaps, now); }
  void leave(Client& client) { hub.disconnected(client, Hub::Leaving::for_good, now); }
  void pass(Duration duration) {
    now += duration;
    hub.advance(now);
  }

  TimePoint now{std::chrono::seconds(100)};
  tests::PlainTokens tokens;
  int last_id = 0;  ///< of "id1", "id2" and so on
  std::vector<protocol::IceServer> ice_servers;
  std::vector<std::string> forwarder_uses;
  ThreadBus bus{0, 1, nullptr};
  Hub hub;
};

}  // namespace onair::rooms
