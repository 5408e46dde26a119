#include "net/auth/state_secret.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

namespace fs = std::filesystem;

class StateSecretTest : public testing::Test {
 protected:
  StateSecretTest() {
    std::string folder = (fs::temp_directory_path() / "onair-state-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    root = folder;
  }
  ~StateSecretTest() override { fs::remove_all(root); }

  fs::path root;
};

TEST_F(StateSecretTest, IsMadeOnceForTheOwnerAlone) {
  const fs::path folder = root / "new" / "onair";
  const std::string secret = state_secret(folder, "s");
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_EQ(state_secret(folder, "s"), secret);
  EXPECT_NE(state_secret(folder, "other"), secret);
  EXPECT_EQ(fs::status(folder / "s").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
}

TEST_F(StateSecretTest, TheFolderIsForTheOwnerAloneWhateverBehindItsName) {
  state_secret((root / "new").string() + "/", "s");
  EXPECT_EQ(fs::status(root / "new").permissions(), fs::perms::owner_all);
}

TEST_F(StateSecretTest, IsRefusedWhereOthersMayReadIt) {
  state_secret(root, "s");
  fs::permissions(root / "s", fs::perms::group_read, fs::perm_options::add);
  EXPECT_THROW(state_secret(root, "s"), std::runtime_error);
}

TEST_F(StateSecretTest, IsRefusedWhereItIsTooShort) {
  state_secret(root, "s");
  std::ofstream(root / "s") << "short";
  EXPECT_THROW(state_secret(root, "s"), std::runtime_error);
}

}  // namespace
}  // namespace onair::net
