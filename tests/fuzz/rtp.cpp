// RTP packets of a talker: whatever comes, reads stay within it, and what goes on to viewers has
// each of its numbers once.
#include "sfu/rtp/rtp.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "fuzz/targets.hpp"
#include "sfu/ice/demux.hpp"
#include "sfu/publisher/publisher.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;

/// A packet that was read, written again, reads as the same.
void check_writer(const RtpPacket& packet) {
  std::array<std::uint8_t, 4'096 + 64> out{};
  RtpWriter writer(out, packet, packet.extensions.form());
  for (const RtpExtension& extension : packet.extensions) {
    writer.extension(extension.id, extension.value);
  }
  writer.payload(packet.payload);
  if (packet.padding > 0) writer.padding(packet.padding);
  check(writer.size() > 0, "what was read can be written");
  const auto again = parse_rtp(Bytes(out).first(writer.size()));
  check(again && static_cast<const RtpFields&>(*again) == packet, "and reads as the same");
  check(std::ranges::equal(again->payload, packet.payload), "with its payload");
  check(std::ranges::equal(again->extensions, packet.extensions,
                           [](const RtpExtension& a, const RtpExtension& b) {
                             return a.id == b.id && std::ranges::equal(a.value, b.value);
                           }),
        "and its extensions");
}

TalkerMediaByKind media_of(std::uint8_t choice) {
  constexpr std::array kCodecs{Codec::vp8, Codec::vp9, Codec::h264, Codec::av1};
  TalkerMedia audio{.codec = Codec::opus, .payload_type = 111};
  TalkerMedia video{.codec = kCodecs[choice % kCodecs.size()], .payload_type = 96};
  video.rtx_payload_type = 97;
  video.nack = true;
  audio.mid = "0";
  video.mid = "1";
  for (TalkerMedia* media : {&audio, &video}) {
    media->mid_id = 4;
    media->transport_cc_id = 3;
    media->forwarded_ids = {1, 13};
  }
  return {audio, video};
}

}  // namespace

/// The first byte chooses a codec. Then come packets: how many milliseconds later, two bytes of
/// their size, the packet; 255 ms stand for another connection of the talker's.
void onair::fuzz::run(std::string_view input) {
  Reader reader(bytes_of(input));
  const auto choice = reader.u8();
  if (!choice) return;
  TimePoint now{std::chrono::seconds(1'000)};
  IncomingTrack audio(MediaKind::audio), video(MediaKind::video);
  KeyFramePolicy key_frames;
  key_frames.set_wanted(true);
  const auto connect = [&] {
    return std::make_unique<Publisher>(media_of(*choice), FeedbackOptions{.transport_cc = true},
                                       audio, video, key_frames, now);
  };
  auto publisher = connect();
  const auto slot = std::make_unique<MediaPacket>();
  std::array<std::vector<std::uint32_t>, kMediaKinds> numbers;
  std::array<std::uint8_t, PublisherFeedback::kMaxDatagram> out{};
  while (const auto later = reader.u8()) {
    now += std::chrono::milliseconds(*later);
    if (*later == 255) publisher = connect();
    const auto size = reader.u16();
    if (!size) break;
    const Bytes packet = *reader.take(std::min<std::size_t>(*size, reader.size()));
    if (const auto parsed = parse_rtp(packet)) check_writer(*parsed);
    if (const auto media = publisher->receive_rtp(packet, now)) {
      publisher->fill(*media, *slot);
      check(slot->payload_size > 0, "nothing empty goes on");
      numbers[static_cast<std::size_t>(media->kind)].push_back(slot->sequence);
    }
    while (const std::size_t bytes = publisher->feedback().advance(now, out)) {
      check(bytes <= out.size(), "feedback fits");
      check(classify(Bytes(out).first(bytes)) == PacketClass::rtcp, "RTCP is sent");
    }
    check(publisher->feedback().next_deadline() > now, "what was due is done");
  }
  for (auto& of_kind : numbers) {
    std::ranges::sort(of_kind);
    check(std::ranges::adjacent_find(of_kind) == of_kind.end(), "each number goes on once");
  }
}
