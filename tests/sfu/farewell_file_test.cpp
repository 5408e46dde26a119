// Farewells that a killed forwarder leaves for the next one.
#include "sfu/net/farewell_file.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

namespace fs = std::filesystem;

/// An alert of DTLS, as far as its header.
const std::vector<std::uint8_t> kDatagram{21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0};

struct Core {
  std::vector<Farewell> farewells() const { return all; }
  std::uint64_t farewell_changes() const { return changes; }
  void add(std::uint16_t port) {
    all.push_back(
        Farewell::to_peer({.remote = Address::v4({192, 0, 2, 7}, port)}, kDatagram).value());
    ++changes;
  }
  std::vector<Farewell> all;
  std::uint64_t changes = 0;
};

class FarewellFileTest : public testing::Test {
 protected:
  FarewellFileTest() {
    std::string name = (fs::temp_directory_path() / "onair-farewells-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = name;
  }
  ~FarewellFileTest() override { fs::remove_all(folder); }
  fs::path path() const { return folder / "control.sock.farewells"; }

  fs::path folder;
  Core core;
  const LocalAddresses local{Address::v4({192, 0, 2, 1}, 0).ip, Address::v4({192, 0, 2, 2}, 0).ip};
  TimePoint now{std::chrono::hours(1)};
};

TEST_F(FarewellFileTest, IsThereForTheNextProcessOnce) {
  core.add(1'000);
  core.add(2'000);
  FarewellFile(path()).keep(core, local, now);
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  FarewellFile next(path());
  const FarewellFile::Left left = next.take_left();
  EXPECT_EQ(left.farewells, core.all);
  EXPECT_EQ(left.local, local) << "or the numbers of the paths mean nothing";
  EXPECT_TRUE(next.take_left().farewells.empty());
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(FarewellFileTest, IsWrittenAtMostOnceASecond) {
  FarewellFile file(path());
  EXPECT_EQ(file.next_deadline(core), std::nullopt);
  core.add(1'000);
  file.keep(core, local, now);
  core.add(2'000);
  EXPECT_EQ(file.next_deadline(core), now + FarewellFile::kInterval);
  file.keep(core, local, now);
  EXPECT_EQ(FarewellFile(path()).take_left().farewells.size(), 1U);
  file.keep(core, local, now + FarewellFile::kInterval);
  EXPECT_EQ(file.next_deadline(core), std::nullopt);
  EXPECT_EQ(FarewellFile(path()).take_left().farewells.size(), 2U);
}

TEST_F(FarewellFileTest, IsGoneWithTheLastPeerAndAtTheEnd) {
  FarewellFile file(path());
  core.add(1'000);
  file.keep(core, local, now);
  core.all.clear();
  ++core.changes;
  file.keep(core, local, now + FarewellFile::kInterval);
  EXPECT_TRUE(fs::is_empty(folder));
  core.add(1'000);
  file.keep(core, local, now + 2 * FarewellFile::kInterval);
  EXPECT_FALSE(fs::is_empty(folder));
  file.remove();
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(FarewellFileTest, WhatIsNoneIsPassedOver) {
  std::ofstream(path()) << "something else";
  EXPECT_TRUE(FarewellFile(path()).take_left().farewells.empty());
  EXPECT_TRUE(fs::is_empty(folder));
  core.add(1'000);
  core.add(2'000);
  core.all[0].size = Farewell::kMaxBytes + 1;
  core.all[1].bytes[0] = 128;  // RTP
  FarewellFile(path()).keep(core, local, now);
  EXPECT_TRUE(FarewellFile(path()).take_left().farewells.empty());
  core.all[1].bytes = core.all[0].bytes;
  FarewellFile(path()).keep(core, local, now);
  fs::resize_file(path(), fs::file_size(path()) - 1);
  EXPECT_TRUE(FarewellFile(path()).take_left().farewells.empty()) << "the last one is not whole";
}

TEST(Farewell, IsADatagramOfDtlssSize) {
  const Path to{.remote = Address::v4({192, 0, 2, 7}, 1'000)};
  EXPECT_FALSE(Farewell::to_peer(to, {}));
  EXPECT_FALSE(Farewell::to_peer(to, std::vector<std::uint8_t>(Farewell::kMaxBytes + 1)));
  EXPECT_EQ(Farewell::to_peer(to, kDatagram)->datagram().size(), kDatagram.size());
}

TEST_F(FarewellFileTest, EachIsSentThreeTimesWithinASecond) {
  core.add(1'000);
  core.add(2'000);
  FarewellRounds rounds(core.all, now);
  const auto sent_at = [&rounds](TimePoint at) {
    std::vector<Farewell> sent;
    rounds.advance(at, [&sent](const Farewell& each) { sent.push_back(each); });
    return sent;
  };
  EXPECT_EQ(sent_at(now), core.all);
  EXPECT_TRUE(sent_at(now).empty());
  EXPECT_EQ(rounds.next_deadline(), now + std::chrono::milliseconds(200));
  EXPECT_EQ(sent_at(now + std::chrono::milliseconds(200)), core.all);
  EXPECT_EQ(sent_at(now + std::chrono::seconds(1)), core.all);
  EXPECT_EQ(rounds.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace onair::sfu
