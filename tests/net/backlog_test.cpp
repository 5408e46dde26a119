#include "net/nats/backlog.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

using Bus = rooms::ThreadBus;

constexpr std::size_t kMostBytes = 10'000;

Bus::Message directed(const std::string& from, std::size_t bytes) {
  const std::string text = R"({"type":"wave","text":")" + std::string(bytes, 'x') + "\"}";
  return rooms::DirectedFrame{"lesson", "somebody", from, rooms::Reach::everyone,
                              std::make_shared<const rooms::SharedFrame>(text, from)};
}

/// The senders of the frames, or "joins".
std::vector<std::string> names_in(const Bus::Batch& batch) {
  std::vector<std::string> names;
  for (const Bus::Message& message : batch) {
    const auto* frame = std::get_if<rooms::DirectedFrame>(&message);
    names.push_back(frame == nullptr ? "joins" : frame->from);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(Backlog, GivesWhatCameInOrderAndByHub) {
  Backlog backlog(kMostBytes);
  EXPECT_TRUE(backlog.add(0, {directed("a", 1), Bus::Join{"lesson", 1}}));
  EXPECT_FALSE(backlog.add(1, {directed("b", 1)})) << "take() will be called";
  Backlog::Part part = backlog.take();
  EXPECT_EQ(part.from, 0u);
  EXPECT_EQ(names_in(part.batch), (Names{"a", "joins"}));
  part = backlog.take();
  EXPECT_EQ(part.from, 1u);
  EXPECT_EQ(names_in(part.batch), Names{"b"});
  EXPECT_TRUE(backlog.take().batch.empty());
  EXPECT_TRUE(backlog.add(0, {Bus::Leave{"lesson"}}));
}

TEST(Backlog, GivesFewAtOnceSoThatTimersRunBetween) {
  Backlog backlog(10'000'000);
  Bus::Batch batch;
  for (std::size_t i = 0; i < 2 * Backlog::kAtOnce + 1; ++i) batch.push_back(directed("a", 1));
  backlog.add(0, std::move(batch));
  EXPECT_EQ(backlog.take().batch.size(), Backlog::kAtOnce);
  EXPECT_EQ(backlog.take().batch.size(), Backlog::kAtOnce);
  EXPECT_EQ(backlog.take().batch.size(), 1u);
}

TEST(Backlog, WhoFillsItLosesItsNewestFramesAndOthersNone) {
  Backlog backlog(kMostBytes);
  backlog.add(0, {directed("honest", 1'000)});
  for (int i = 0; i < 100; ++i) backlog.add(1, {directed("hostile", 100), Bus::Join{"room", 1}});
  backlog.add(0, {directed("honest", 1'000)});
  Names names;
  for (Backlog::Part part = backlog.take(); !part.batch.empty(); part = backlog.take()) {
    for (std::string& name : names_in(part.batch)) names.push_back(std::move(name));
  }
  EXPECT_EQ(std::count(names.begin(), names.end(), "honest"), 2);
  EXPECT_EQ(std::count(names.begin(), names.end(), "joins"), 100) << "they are the hubs' own";
  const auto left = std::count(names.begin(), names.end(), "hostile");
  EXPECT_GT(left, 5);
  EXPECT_LT(left, 15);
}

}  // namespace
}  // namespace onair::net
