// SRTP against the examples of RFC 3711 and RFC 7714.
#include <gtest/gtest.h>

#include "sfu/srtp/srtp_transform.hpp"
#include "sfu/srtp_support.hpp"

namespace onair::sfu::test {
namespace {

class SrtpVectors : public testing::Test {
 protected:
  SrtpCiphers ciphers;
  SrtpSessionKey quid_pro_quo{.key = array_of<16>("000102030405060708090a0b0c0d0e0f"),
                              .salt = array_of<14>("517569642070726f2071756f"),
                              .authentication = {}};
};

TEST_F(SrtpVectors, KeysAreDerivedAsInAppendixB3OfRfc3711) {
  const auto keys = derive_session_key(SrtpProfile::aes128_cm_sha1_80, master_key(), SrtpKind::rtp);
  EXPECT_EQ(keys.key, array_of<16>("c61e7a93744f39ee10734afe3ff7a087"));
  EXPECT_EQ(keys.salt, array_of<14>("30cbbc08863d8c85d49db34a9ae1"));
  EXPECT_EQ(keys.authentication, array_of<20>("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
}

TEST_F(SrtpVectors, TheKeyStreamIsAsInAppendixB2OfRfc3711) {
  const SrtpSessionKey keys{.key = array_of<16>("2b7e151628aed2a6abf7158809cf4f3c"),
                            .salt = array_of<14>("f0f1f2f3f4f5f6f7f8f9fafbfcfd"),
                            .authentication = {}};
  for (const auto context : {SrtpTransform::Context::own, SrtpTransform::Context::shared}) {
    SrtpTransform transform(ciphers, SrtpProfile::aes128_cm_sha1_80, keys, context);
    Packet text(48);
    Packet tag(16);
    ASSERT_TRUE(transform.seal({}, text, text.data(), tag.data()));
    EXPECT_EQ(text, from_hex("e03ead0935c95e80e166b16dd92b4eb4"
                             "d23513162b02d0f72a43a2fe4a5f97ab"
                             "41e95b3bb0a2e8dd477901e4fca894c0"));
  }
}

TEST_F(SrtpVectors, AWholePacketOfCmIsAsInLibsrtpsOwnTest) {
  SrtpSender sender(ciphers, SrtpProfile::aes128_cm_sha1_80, master_key());
  ASSERT_TRUE(sender.add_stream(0xcafebabe, Resends::none));
  const Packet packet =
      protect(sender, from_hex("800f1234decafbadcafebabe"), Packet(16, 0xab), 0x1234);
  EXPECT_EQ(packet, from_hex("800f1234decafbadcafebabe"
                             "4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"));
}

TEST_F(SrtpVectors, RtpIsEncryptedAsInSection16OfRfc7714) {
  const Packet header = from_hex("8040f17b8041f8d35501a0b2");
  const Bytes plain = bytes_of("Gallia est omnis divisa in partes tres");
  const SrtpFrame frame{.ssrc = 0x5501a0b2, .index = 0xf17b, .header = header, .suffix = {}};
  for (const auto context : {SrtpTransform::Context::own, SrtpTransform::Context::shared}) {
    SrtpTransform transform(ciphers, SrtpProfile::aead_aes_128_gcm, quid_pro_quo, context);
    Packet text(plain.size());
    Packet tag(16);
    ASSERT_TRUE(transform.seal(frame, plain, text.data(), tag.data()));
    EXPECT_EQ(text, from_hex("f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f"
                             "42a5f47a51c7d19b36de3adf8833"));
    EXPECT_EQ(tag, from_hex("899d7f27beb16a9152cf765ee4390cce"));
    ASSERT_TRUE(transform.open(frame, text, tag.data()));
    EXPECT_TRUE(std::ranges::equal(text, plain));
  }
}

TEST_F(SrtpVectors, RtcpIsEncryptedAsInSection17OfRfc7714) {
  SrtpTransform transform(ciphers, SrtpProfile::aead_aes_128_gcm, quid_pro_quo,
                          SrtpTransform::Context::shared);
  const Packet header = from_hex("81c8000d4d617273");
  const Packet word = from_hex("800005d4");
  const Packet plain = from_hex(
      "4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
      "deadbeef deadbeef deadbeef deadbeef deadbeef");
  const SrtpFrame frame{.ssrc = 0x4d617273, .index = 0x5d4, .header = header, .suffix = word};
  Packet text = plain;
  Packet tag(16);
  ASSERT_TRUE(transform.seal(frame, text, text.data(), tag.data()));
  EXPECT_EQ(text, from_hex("63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d"
                           "c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b"));
  EXPECT_EQ(tag, from_hex("c84aa458 96cf4d2f c5abf872 45d9eade"));
  ASSERT_TRUE(transform.open(frame, text, tag.data()));
  EXPECT_EQ(text, plain);
}

}  // namespace
}  // namespace onair::sfu::test
