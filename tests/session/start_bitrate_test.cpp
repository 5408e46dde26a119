#include "session/talk/start_bitrate.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

TEST(StartBitrate, StandsBesideTheParametersThatAreThere) {
  EXPECT_EQ(with_start_bitrate("v=0\r\n"
                               "m=audio 9 UDP/TLS/RTP/SAVPF 98\r\n"
                               "a=fmtp:98 minptime=10\r\n"
                               "m=video 9 UDP/TLS/RTP/SAVPF 98 96\r\n"
                               "a=rtpmap:98 VP9/90000\r\n"
                               "a=fmtp:98 profile-id=0\r\n"
                               "a=rtpmap:96 VP8/90000\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
                               640'000),
            "v=0\r\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 98\r\n"
            "a=fmtp:98 minptime=10\r\n"
            "m=video 9 UDP/TLS/RTP/SAVPF 98 96\r\n"
            "a=rtpmap:98 VP9/90000\r\n"
            "a=fmtp:98 profile-id=0;x-google-start-bitrate=640\r\n"
            "a=rtpmap:96 VP8/90000\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
}

TEST(StartBitrate, HasALineOfItsOwnWhereThereAreNone) {
  EXPECT_EQ(
      with_start_bitrate("m=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP8/90000\na=x\n", 1'000'000),
      "m=video 9 UDP/TLS/RTP/SAVPF 96\n"
      "a=fmtp:96 x-google-start-bitrate=1000\n"
      "a=rtpmap:96 VP8/90000\n"
      "a=x\n");
}

TEST(StartBitrate, ALaterSectionIsNotTouched) {
  const char* answer =
      "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
      "a=rtpmap:96 opus/48000/2\r\n"
      "a=fmtp:96 minptime=10\r\n";
  EXPECT_EQ(with_start_bitrate(answer, 1'000'000), answer);
}

TEST(StartBitrate, LeavesAloneWhatIsNoSdp) {
  for (const char* text :
       {"", "\n", "answer", "m=video ", "m=video 9 UDP/TLS/RTP/SAVPF", "m=video a b \n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 96\na=fmtp:96"}) {
    EXPECT_EQ(with_start_bitrate(text, 1'000'000), text);
  }
}

}  // namespace
}  // namespace onair::session
