// A core that echoes packets and has no peers: for tests of what is around the core.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sfu/forwarder_edge.hpp"

namespace onair::sfu::tests {

class EchoCore {
 public:
  EchoCore(ForwarderOptions options, PacketSink& out, EventSink&)
      : options_(std::move(options)), out_(out) {}

  control::Reply handle(const control::Request& request, TimePoint) {
    if (std::holds_alternative<control::Hello>(request))
      return control::Greeting{.instance = options_.instance};
    if (std::holds_alternative<control::Stats>(request)) return control::Report{};
    return control::Done{};
  }
  void set_candidates(const std::vector<LocalCandidate>&) {}
  void receive(MutableBytes packet, const Path& from, TimePoint) { out_.send(from, packet, 0); }
  void connection_closed(std::uint32_t, TimePoint) {}
  void advance(TimePoint) {}
  void close_all(TimePoint) {}
  std::optional<TimePoint> next_deadline() const { return std::nullopt; }
  std::size_t peers() const { return 0; }
  std::vector<Farewell> farewells() const { return {}; }
  std::uint64_t farewell_changes() const { return 0; }

 private:
  ForwarderOptions options_;
  PacketSink& out_;
};

}  // namespace onair::sfu::tests
