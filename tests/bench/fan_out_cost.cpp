// Cost of a packet in the forwarder's own code, without the system's part: fans out frames to
// viewers in memory. Meant for `valgrind --tool=callgrind`, which counts instructions whatever else
// the machine does; by itself it prints nanoseconds a packet and viewer.
//   onair_fan_out_cost [FRAMES] [VIEWERS]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

#include "sfu/publication/publication.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu {
namespace {

using namespace std::chrono_literals;

constexpr CodecNumber kOpus = 1;
constexpr CodecNumber kVp8 = 2;
constexpr std::size_t kPacketsPerFrame = 6;
constexpr std::size_t kVideoPayload = 1'042;
constexpr std::size_t kAudioPayload = 80;

/// Takes everything, as a socket that is never full.
class NoSocket final : public Outlet {
 public:
  MutableBytes memory(std::size_t size) override { return MutableBytes(memory_).first(size); }
  void send(const DatagramRun& run) override {
    ++sends;
    bytes += run.bytes.size();
  }
  std::size_t sends = 0;
  std::size_t bytes = 0;

 private:
  std::array<std::uint8_t, 65'000> memory_;
};

/// Agreement of Chromium as a viewer.
Agreement agreement() {
  Agreement agreed;
  agreed[0].formats[0] = {.codec = kOpus, .payload_type = 111, .rtx_payload_type = {}};
  agreed[0].forwarded_ids[static_cast<std::size_t>(ForwardedExtension::audio_level)] = 1;
  agreed[1].formats[0] = {.codec = kVp8, .payload_type = 96, .rtx_payload_type = 97};
  agreed[1].nack = true;
  agreed[1].absolute_send_time_id = 2;
  return agreed;
}

class Broadcast {
 public:
  explicit Broadcast(std::size_t viewers) {
    publication_.set_codec(MediaKind::audio, kOpus, 48'000);
    publication_.set_codec(MediaKind::video, kVp8, 90'000);
    for (std::size_t i = 0; i < viewers; ++i) {
      SrtpMasterKey key;
      key.key.fill(static_cast<std::uint8_t>(i));
      senders_.push_back(
          std::make_unique<SrtpSender>(ciphers_, SrtpProfile::aead_aes_128_gcm, key));
      const Path path{.remote = Address::v4({10, 0, 0, 1}, static_cast<std::uint16_t>(i + 1))};
      publication_.add(agreement(), path, *senders_.back(), now_);
    }
  }

  /// A frame, and the audio of its time.
  void send_frame() {
    for (std::size_t i = 0; i < kPacketsPerFrame; ++i) {
      send(MediaKind::video, i + 1 == kPacketsPerFrame, kVideoPayload);
    }
    send(MediaKind::audio, false, kAudioPayload);
    ++frames_;
    now_ += 33ms;
    publication_.send_due(now_, outlet_);
  }

  std::uint64_t packets() const { return publication_.statistics().packets_out; }
  std::size_t sends() const { return outlet_.sends; }

 private:
  void send(MediaKind kind, bool marker, std::size_t size) {
    std::uint32_t& sequence = kind == MediaKind::video ? video_ : audio_;
    MediaPacket* const packet = publication_.take(kind, sequence);
    packet->timestamp = frames_;
    packet->marker = marker;
    packet->begins_key_frame = kind == MediaKind::video && sequence == 1;
    packet->extensions = {};
    packet->payload_size = static_cast<std::uint16_t>(size);
    std::fill_n(packet->payload_bytes.begin(), size, static_cast<std::uint8_t>(sequence));
    publication_.publish(kind, sequence++, now_);
    publication_.send_due(now_, outlet_);
  }

  TimePoint now_ = TimePoint(1h);
  SrtpCiphers ciphers_;
  std::vector<std::unique_ptr<SrtpSender>> senders_;
  NoSocket outlet_;
  Publication publication_{
      {.ssrcs = {StreamSsrcs{0xa0, 0xa1}, StreamSsrcs{0xb0, 0xb1}}, .cname = "onair"}};
  std::uint32_t frames_ = 0;
  std::uint32_t video_ = 1;
  std::uint32_t audio_ = 1;
};

/// By itself, so that callgrind can count this alone (--toggle-collect='*measured*').
[[gnu::noinline]] void measured(Broadcast& broadcast, long frames) {
  for (long i = 0; i < frames; ++i) broadcast.send_frame();
}

void run(long frames, std::size_t viewers) {
  Broadcast broadcast(viewers);
  broadcast.send_frame();
  const std::uint64_t before = broadcast.packets();
  const auto began = std::chrono::steady_clock::now();
  measured(broadcast, frames);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  const auto packets = static_cast<double>(broadcast.packets() - before);
  std::cout << packets << " packets by " << broadcast.sends() << " sends, "
            << took.count() / packets << " ns each\n";
}

}  // namespace
}  // namespace onair::sfu

int main(int argc, char** argv) {
  const long frames = argc > 1 ? std::atol(argv[1]) : 300;
  const long viewers = argc > 2 ? std::atol(argv[2]) : 200;
  onair::sfu::run(frames, static_cast<std::size_t>(viewers));
  return 0;
}
