#include "session/record/webm_index.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::session {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

std::string element(const std::string& id, const std::string& payload) {
  const auto size = payload.size();
  return id + bytes({0x40 | static_cast<int>(size >> 8), static_cast<int>(size & 0xFF)}) + payload;
}

const std::string kEndless = bytes({0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
const std::string kClusterId = bytes({0x1F, 0x43, 0xB6, 0x75});
const std::string kScale = element(bytes({0x2A, 0xD7, 0xB1}), bytes({0x0F, 0x42, 0x40}));  // 1 ms

std::string track(int number, int type) {
  return element(bytes({0xAE}),
                 element(bytes({0xD7}), bytes({number})) + element(bytes({0x83}), bytes({type})));
}

std::string block(int of_track, int time, bool key) {
  return element(bytes({0xA3}), bytes({0x80 | of_track, time >> 8, time & 0xFF, key ? 0x80 : 0}) +
                                    std::string(100, 'x'));
}

std::string cluster(int time, const std::string& blocks) {
  return kClusterId + kEndless + element(bytes({0xE7}), bytes({time >> 8, time & 0xFF})) + blocks;
}

const std::string kEbml = element(bytes({0x1A, 0x45, 0xDF, 0xA3}), "doctype");

std::string head(const std::string& info = kScale) {
  return kEbml + bytes({0x18, 0x53, 0x80, 0x67}) + kEndless +
         element(bytes({0x15, 0x49, 0xA9, 0x66}), info) +
         element(bytes({0x16, 0x54, 0xAE, 0x6B}), track(1, 2) + track(2, 1));
}

/// Sound in track 1, pictures in track 2; clusters at 0, 1 and 2 s, the second without a keyframe.
std::string recorded() {
  return head() + cluster(0, block(1, 0, true) + block(2, 10, true) + block(2, 43, false)) +
         cluster(1'000, block(1, 0, true) + block(2, 20, false)) +
         cluster(2'000, block(2, 5, true) + block(1, 5, true) + block(2, 38, false));
}

WebmIndex::Header header_of(const std::string& file) {
  WebmIndex index;
  index.read(file);
  const auto header = index.header();
  EXPECT_TRUE(header);
  return header.value_or(WebmIndex::Header{"", 0});
}

/// The payloads of all elements with this id, however deep, in a header of ours.
std::vector<std::string> payloads(const std::string& file, const std::string& id) {
  std::vector<std::string> found;
  for (std::size_t at = file.find(id); at != std::string::npos; at = file.find(id, at + 1)) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < 8; ++i) {
      size = size << 8 | static_cast<unsigned char>(file[at + id.size() + i]);
    }
    if (file[at + id.size()] == 1) found.push_back(file.substr(at + id.size() + 8, size));
  }
  return found;
}

std::uint64_t number(const std::string& payload) {
  std::uint64_t value = 0;
  for (const char byte : payload) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

double real(const std::string& payload) {
  const std::uint64_t bits = number(payload);
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

TEST(WebmIndex, GivesTheFileItsDuration) {
  WebmIndex index;
  index.read(recorded());
  EXPECT_EQ(index.duration_ms(), 2'038 + 33) << "the last frame lasts as long as the one before";
  const auto info = payloads(header_of(recorded()).bytes, bytes({0x15, 0x49, 0xA9, 0x66}));
  const auto duration = payloads(info.at(0), bytes({0x44, 0x89}));
  ASSERT_EQ(duration.size(), 1u);
  EXPECT_EQ(real(duration[0]), 2'071.0);
}

TEST(WebmIndex, ReplacesADurationThatTheBrowserWrote) {
  const std::string written = kScale + element(bytes({0x44, 0x89}), bytes({0, 0, 0, 0}));
  const auto header = header_of(head(written) + cluster(0, block(2, 7, true)));
  const auto duration = payloads(header.bytes, bytes({0x44, 0x89}));
  ASSERT_EQ(duration.size(), 1u);
  EXPECT_EQ(real(duration[0]), 14.0);
}

TEST(WebmIndex, PointsToTheClustersWithAKeyframe) {
  const std::string file = recorded();
  const auto [start, replaced] = header_of(file);
  EXPECT_EQ(replaced, file.find(kClusterId));
  const std::string whole = start + file.substr(replaced);
  const std::size_t segment = whole.find(bytes({0x18, 0x53, 0x80, 0x67})) + 12;
  std::vector<std::uint64_t> times;
  const std::string cues = payloads(start, bytes({0x1C, 0x53, 0xBB, 0x6B})).at(0);
  for (const std::string& point : payloads(cues, bytes({0xBB}))) {
    times.push_back(number(payloads(point, bytes({0xB3})).at(0)));
    EXPECT_EQ(number(payloads(point, bytes({0xF7})).at(0)), 2u) << "the pictures";
    const auto position = number(payloads(point, bytes({0xF1})).at(0));
    EXPECT_EQ(whole.substr(segment + position, 4), kClusterId);
  }
  EXPECT_EQ(times, (std::vector<std::uint64_t>{10, 2'005}));
  EXPECT_EQ(number(whole.substr(segment - 7, 7)), whole.size() - segment) << "the segment's size";
}

TEST(WebmIndex, PointsToEveryClusterOfAFileWithoutPictures) {
  const std::string sound = kEbml + bytes({0x18, 0x53, 0x80, 0x67}) + kEndless +
                            element(bytes({0x16, 0x54, 0xAE, 0x6B}), track(1, 2)) +
                            cluster(0, block(1, 0, true)) + cluster(500, block(1, 0, true));
  EXPECT_EQ(payloads(header_of(sound).bytes, bytes({0xB3})).size(), 2u);
}

TEST(WebmIndex, IsTheSameHoweverTheFileIsCut) {
  const std::string file = recorded();
  const std::string whole = header_of(file).bytes;
  for (std::size_t length = 1; length < 40; ++length) {
    WebmIndex index;
    for (std::size_t at = 0; at < file.size(); at += length) index.read(file.substr(at, length));
    ASSERT_TRUE(index.header());
    EXPECT_EQ(index.header()->bytes, whole);
  }
}

TEST(WebmIndex, TakesAFileThatBreaksOffAnywhereInItsClusters) {
  const std::string file = recorded();
  const std::size_t clusters = file.find(kClusterId);
  for (std::size_t length = 0; length < file.size(); ++length) {
    WebmIndex index;
    index.read(std::string_view(file).substr(0, length));
    EXPECT_EQ(index.header().has_value(), length >= clusters + 12) << length;
  }
}

TEST(WebmIndex, LeavesWhatIsNoWebmFileAsItIs) {
  const std::string mp4 = bytes({0, 0, 0, 0x1C}) + "ftypisom" + std::string(100, 'x');
  const std::string endless_block = head() + kClusterId + kEndless + bytes({0xA3}) + kEndless;
  const std::string no_track_in_block = head() + cluster(0, element(bytes({0xA3}), ""));
  for (const std::string& file : {std::string(), mp4, head(), endless_block, no_track_in_block}) {
    WebmIndex index;
    index.read(file);
    EXPECT_FALSE(index.header());
  }
}

TEST(WebmIndex, HasABoundedIndexForAnyLength) {
  WebmIndex index;
  index.read(head());
  for (std::size_t i = 0; i < 3 * WebmIndex::kMaxCues; ++i) {
    index.read(cluster(static_cast<int>(i), block(2, 0, true)));
  }
  const std::size_t cues = payloads(index.header()->bytes, bytes({0xB3})).size();
  EXPECT_LE(cues, WebmIndex::kMaxCues);
  EXPECT_GT(cues, WebmIndex::kMaxCues / 3);
}

}  // namespace
}  // namespace onair::session
