// Packets as browsers and encoders send them, for tests of what reads them and as first inputs of
// its fuzz targets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace onair::tests {

/// Bytes from hexadecimal digits; blanks and line ends may stand between them.
inline std::vector<std::uint8_t> from_hex(std::string_view text) {
  const auto value_of = [](char digit) {
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
  };
  std::vector<std::uint8_t> bytes;
  int high = -1;
  for (const char digit : text) {
    if (digit == ' ' || digit == '\n') continue;
    if (high < 0) {
      high = value_of(digit);
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | value_of(digit)));
      high = -1;
    }
  }
  return bytes;
}

struct RealPacket {
  std::string_view name;
  std::string_view hex;

  std::vector<std::uint8_t> bytes() const { return from_hex(hex); }
};

inline constexpr RealPacket kRealRtp[] = {
    {"Chromium: VP8, the first packet of a key frame; abs-send-time, transport-cc, MID",
     "90 60 5a3c 8f21c0de 3b9aca07 bede0003 22 5a3c10 31 0007 40 30 000000"
     "90 80 92a1 10 02 00 9d012a 8002 e001 0047 0885 8588 8584 88"},
    {"Chromium: VP8, the last packet of a delta frame",
     "90 e0 5a3d 8f21cc96 3b9aca07 bede0003 22 5a3d41 31 0008 40 30 000000"
     "80 80 92a2 d1 03 00 0a0b0c0d0e0f"},
    {"Chromium: VP9, the first packet of a key frame, flexible mode off",
     "90 62 1f40 00015f90 4c4b4001 bede0002 31 0101 40 31 000000"
     "8f 8123 00 12 18 0280 01e0 00 824983 4200 13f0 0ef6"},
    {"Chromium: H264, STAP-A with SPS and PPS",
     "90 66 03e9 0001d4c0 5d21dbaa bede0002 31 0201 40 31 000000"
     "78 000f 6742c01f8c8d40501e900f08846a00 0004 68ce3c80"},
    {"Chromium: H264, FU-A that begins an IDR slice",
     "90 66 03ea 0001d4c0 5d21dbaa bede0002 31 0202 40 31 000000 7c85 b800040000"},
    {"Chromium: AV1, N bit, sequence header",
     "90 2d 2710 00030d40 6a5b4c3d bede0002 31 0301 40 31 000000"
     "28 0b 0a 000000 2ca6bf7f9ff8 80 32 1000 a6"},
    {"Chromium: a probe by RTX of an old packet",
     "90 61 0101 8f21c0de 77359400 bede0003 22 5a3e00 31 0009 40 30 000000"
     "5a3c 90 80 92a1 10 02 00 9d012a 8002 e001"},
    {"Chromium: a probe by padding on the stream of RTX",
     "b0 61 0102 8f21cc96 77359400 bede0003 22 5a3e11 31 000a 40 30 000000"
     "0000000000000000000000000000000000000000000000000000000000000020"},
    {"Chromium: Opus with audio level and transport-cc",
     "90 ef 2a01 0000f5c0 1a2b3c4d bede0003 10 ff 31 000b 40 30 22 5a3e20 00"
     "78 07c9 7281 4f5e"},
    {"Firefox: Opus, PT 109, audio level, MID, with a CSRC",
     "91 6d 7b01 03e80000 2f3e4d5c 00c0ffee bede0002 10 8f 20 31 00000000 78 0b e4 c1 36"},
    {"Firefox: VP8, PT 120, picture id of one byte",
     "90 78 0001 00000bb8 9e8d7c6b bede0001 20 30 0000 90 80 11 50 01 00 9d012a"},
    {"libdatachannel, as OBS: H264, SPS by itself, no extension",
     "80 60 0001 12345678 0000002a 6764001f acd9405005bb016a02"},
    {"libdatachannel, as OBS: Opus, PT 111", "80 6f 0001 000003c0 0000002b fc ff fe"},
    {"GStreamer: VP8 with two-byte extensions",
     "90 e0 1a85 bb4f1ae3 c6dd1dd2 1000 0002 03 02 00 0c 04 01 30 00 10 00 9d012a"},
};

inline constexpr RealPacket kRealRtcp[] = {
    {"Chromium: SR and SDES",
     "80c8 0006 3b9aca07 ea3d5b10 4ccccccd 8f21c0de 00000123 00051a2b"
     "81ca 0006 3b9aca07 01 10 6d53336c 7141396e 30624c39 4b633064 00 00"},
    {"Chromium: SR with a block",
     "81c8 000c 1a2b3c4d ea3d5b10 80000000 0000f5c0 00000032 00001f40"
     "00000001 00 000000 00002a01 00000010 5b108000 00010000"},
    {"Chromium: RR, NACK of five",
     "81c9 0007 00000001 3b9aca07 0c 000005 00015a3c 00000123 5b104ccc 00003000"
     "81cd 0003 00000001 3b9aca07 5a30 8007"},
    {"Chromium: RR and REMB of 1.5 Mbit/s",
     "80c9 0001 00000001 8fce 0005 00000001 00000000 52454d42 01 0edc6c 3b9aca07"},
    {"Chromium: transport-cc alone (reduced size)",
     "afcd 0006 00000001 3b9aca07 0007 0005 0003e8 01 2005 04 04 04 04 04 01"},
    {"Chromium: PLI alone (reduced size)", "81ce 0002 00000001 3b9aca07"},
    {"Firefox: RR, SDES and PLI",
     "81c9 0007 00000009 9e8d7c6b 00 000000 00000bb8 00000009 00000000 00000000"
     "81ca 0003 00000009 01 04 7b616161 0000 81ce 0002 00000009 9e8d7c6b"},
    {"Firefox: FIR", "84ce 0004 00000009 00000000 9e8d7c6b 05000000"},
    {"libdatachannel: SR and SDES",
     "80c8 0006 0000002a ea3d5b10 00000000 12345678 00000064 00010000"
     "81ca 0003 0000002a 01 05 766964656f 00"},
    {"GStreamer: RR, SDES, BYE",
     "80c9 0001 c6dd1dd2 81ca 0004 c6dd1dd2 01 06 757365723031 00000000"
     "81cb 0001 c6dd1dd2"},
    {"GStreamer: RR with padding", "a0c9 0002 c6dd1dd2 00000004"},
};

}  // namespace onair::tests
