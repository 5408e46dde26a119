// A talker of the load: a WHIP encoder that sends a clip and silence at a constant rate.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "light/clip.hpp"
#include "light/connection.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::load {

/// Belongs to the thread that runs it, but for what `Progress` has.
class Talker {
 public:
  /// State that other threads may read.
  struct Progress {
    std::atomic<bool> is_on_air = false;
    std::atomic<bool> has_ended = false;
    std::atomic<std::uint64_t> packets = 0;
    std::atomic<std::uint64_t> key_frames_asked = 0;
    std::string failure;  ///< once it has ended
  };

  /// Peers of the same server have other numbers.
  static constexpr std::uint32_t kPeer = 0x00ff'ffff;

  Talker(Agent& agent, const std::string& path, const Clip& clip, Progress& progress);

  /// Until it is stopped, or the connection fails.
  void run(const std::stop_token& stop);

 private:
  struct Track {
    std::uint32_t ssrc;
    std::uint8_t payload_type;
    std::uint16_t sequence = 0;
    std::uint32_t rollovers = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;
  };

  Talker(Agent& agent, const std::string& path, const OwnTransport& own, const Clip& clip,
         Progress& progress);
  void wait_for_packets(sfu::TimePoint until);
  void receive(sfu::TimePoint now);
  void read_rtcp(sfu::MutableBytes packet);
  void begin(const sfu::SrtpKeys& keys, sfu::TimePoint now);
  void send_due(sfu::TimePoint now);
  void send_video();
  void begin_frame();
  void send_audio();
  void send_reports();
  void send(Track& track, bool marker, sfu::Bytes payload);

  sfu::SrtpCiphers& ciphers_;
  const Clip& clip_;
  Progress& progress_;
  Connection connection_;
  std::unique_ptr<sfu::SrtpSender> sender_;  ///< once connected
  std::unique_ptr<sfu::SrtpReceiver> receiver_;
  Track audio_;
  Track video_;
  std::uint16_t transport_number_ = 0;
  std::size_t frame_ = 0;
  std::size_t packet_ = 0;  ///< of the frame, the next to send
  bool is_asked_ = false;   ///< for a key frame
  sfu::TimePoint next_frame_{};
  sfu::TimePoint next_burst_{};
  sfu::TimePoint next_audio_{};
  sfu::TimePoint next_reports_{};
};

}  // namespace onair::load
