// RTCP datagrams: whatever comes, reads stay within it, and what is read can be written.
#include "sfu/rtp/rtcp.hpp"

#include <array>
#include <vector>

#include "fuzz/targets.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;

class Written {
  std::array<std::uint8_t, 2'048> out_{};  // the longest has 255 sources

 public:
  RtcpWriter writer{out_};

  RtcpPacket only() const {
    const RtcpCompound compound(writer.written());
    const auto first = compound.begin();
    check(first != compound.end(), "what was written is read");
    return *first;
  }
};

void check_reports(const RtcpPacket& packet) {
  const auto sent = read_sender_report(packet);
  const auto received = read_receiver_report(packet);
  if (!sent && !received) return;
  const ReportBlocks read = sent ? sent->blocks : received->blocks;
  const std::vector<ReportBlock> blocks(read.begin(), read.end());
  Written written;
  if (sent) {
    check(written.writer.sender_report(sent->info, blocks), "a report has room");
    const auto again = read_sender_report(written.only());
    check(again && again->info == sent->info && again->blocks.size() == blocks.size(), "the same");
  } else {
    check(written.writer.receiver_report(received->ssrc, blocks), "a report has room");
    const auto again = read_receiver_report(written.only());
    check(again && again->blocks.size() == blocks.size(), "the same");
    for (std::size_t i = 0; i < blocks.size(); ++i) check(again->blocks[i] == blocks[i], "each");
  }
}

void check_feedback(const RtcpPacket& packet) {
  if (const auto nack = read_nack(packet)) {
    std::size_t lost = 0;
    nack->each([&](std::uint16_t) { return ++lost < 100'000; });
    check(lost >= nack->items.size() && lost <= nack->items.size() * 17, "each item names 1 to 17");
  }
  if (const auto fir = read_fir(packet)) {
    check(fir->items.size() * 8 <= packet.body.size(), "requests lie within the packet");
  }
  if (const auto remb = read_remb(packet)) {
    Written written;
    const std::vector<std::uint32_t> ssrcs(remb->ssrcs.begin(), remb->ssrcs.end());
    check(written.writer.remb(remb->sender_ssrc, remb->bits_per_second, ssrcs), "has room");
    const auto again = read_remb(written.only());
    check(again && again->bits_per_second <= remb->bits_per_second &&
              again->bits_per_second >= remb->bits_per_second - (remb->bits_per_second >> 17),
          "an estimate is rounded down by little");
  }
  if (const auto feedback = read_transport_feedback(packet)) {
    std::size_t spoken = 0;
    const bool whole =
        feedback->each([&](std::uint16_t, std::optional<std::int16_t>) { ++spoken; });
    check(spoken <= feedback->info.packets, "no more than it says");
    check(!whole || spoken == feedback->info.packets, "all that it says");
  }
}

}  // namespace

void onair::fuzz::run(std::string_view input) {
  const Bytes datagram = bytes_of(input);
  std::size_t bytes = 0;
  for (const RtcpPacket& packet : RtcpCompound(datagram)) {
    bytes += 4 + packet.body.size();
    check(bytes <= datagram.size(), "packets lie within the datagram");
    check_reports(packet);
    check_feedback(packet);
    if (const auto name = read_source_name(packet)) check(name->cname.size() < 256, "a name");
    if (const auto gone = read_bye(packet)) {
      Written written;
      const std::vector<std::uint32_t> ssrcs(gone->begin(), gone->end());
      check(written.writer.bye(ssrcs), "has room");
      check(read_bye(written.only())->size() == ssrcs.size(), "the same");
    }
  }
}
