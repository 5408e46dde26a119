// Memory for the packets of one run, which are handed to the edge as soon as they are written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sfu/forwarder_edge.hpp"
#include "sfu/publication/outlet.hpp"

namespace onair::sfu {

class SinkOutlet final : public Outlet {
 public:
  explicit SinkOutlet(PacketSink& sink) : sink_(sink) {}

  MutableBytes memory(std::size_t size) override { return MutableBytes(memory_).first(size); }
  void send(const DatagramRun& run) override {
    sink_.send(run.to, run.bytes, static_cast<std::uint16_t>(run.segment_size));
  }

 private:
  PacketSink& sink_;
  std::array<std::uint8_t, 65'000> memory_;
};

}  // namespace onair::sfu
