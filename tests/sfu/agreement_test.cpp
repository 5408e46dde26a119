#include "sfu/agreement.hpp"

#include <gtest/gtest.h>

#include "sfu/negotiation_fixture.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

TEST(Agreement, AViewerGetsEachFormatThatItAgreedToFromAnyTalker) {
  const Published vp8 = published(kChromiumSendonly);
  const Negotiated viewer = play(kChromiumRecvonly, vp8);
  const Agreement agreement = agreement_of(viewer.agreed, vp8);
  const OutgoingKind& video = agreement[index_of(MediaKind::video)];
  for (const AgreedFormat& format : viewer.agreed.find(MediaKind::video)->formats) {
    EXPECT_NE(video.find(number_of(format.stream)), nullptr)
        << encoding_of(format.stream.codec) << " " << format.stream.parameters;
  }
}

TEST(Agreement, ALargerProfileTakesTheStreamOfASmallerOne) {
  const Negotiated viewer =
      play(replaced(kChromiumRecvonly, "profile-level-id=42e01f", "profile-level-id=640c1f"),
           published(kChromiumSendonly));
  const Agreement agreement = agreement_of(viewer.agreed, published(kChromiumSendonly));
  const StreamFormat constrained{Codec::h264, "profile-level-id=42e01f;packetization-mode=1"};
  EXPECT_NE(agreement[index_of(MediaKind::video)].find(number_of(constrained)), nullptr);
}

}  // namespace
}  // namespace onair::tests
