#include "net/admission.hpp"

#include <gtest/gtest.h>

namespace onair::net {
namespace {

TEST(Admission, BoundsConnectionsInAll) {
  Admission admission(2, 10);
  auto first = admission.connect();
  const auto second = admission.connect();
  EXPECT_FALSE(admission.connect());
  EXPECT_EQ(admission.connections(), 2u);
  first.reset();
  EXPECT_TRUE(admission.connect());
  EXPECT_EQ(admission.connections(), 1u) << "that place was not held";
}

TEST(Admission, BoundsWebSocketsFromOneAddress) {
  Admission admission(10, 2);
  const auto first = admission.enter("192.0.2.1");
  auto second = admission.enter("192.0.2.1");
  EXPECT_FALSE(admission.enter("192.0.2.1"));
  EXPECT_TRUE(admission.enter("192.0.2.2"));
  second.reset();
  EXPECT_TRUE(admission.enter("192.0.2.1"));
}

}  // namespace
}  // namespace onair::net
