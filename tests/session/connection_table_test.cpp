#include "session/connection_table.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

struct Connection {
  int value = 0;
};

TEST(ConnectionTable, FindsAConnectionByItsKey) {
  ConnectionTable<Connection> table(7);
  const ConnectionKey key = table.open("a");
  EXPECT_EQ(key, (ConnectionKey{"a", 7}));
  table.find(key)->value = 1;
  EXPECT_EQ(table.find({"a", 7})->value, 1);
  EXPECT_EQ(table.key_of("a"), key);
  EXPECT_TRUE(table.contains("a"));
  EXPECT_EQ(table.size(), 1u);
}

TEST(ConnectionTable, DoesNotFindAnEarlierOrLaterConnectionOfTheSamePeer) {
  ConnectionTable<Connection> table(1);
  const ConnectionKey first = table.open("a");
  table.erase("a");
  EXPECT_EQ(table.find(first), nullptr);
  const ConnectionKey second = table.open("a");
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_NE(table.find(second), nullptr);
  EXPECT_EQ(table.find({"a", 99}), nullptr);
}

TEST(ConnectionTable, NeverGivesAGenerationTwice) {
  ConnectionTable<Connection> table(4294967295u);
  EXPECT_EQ(table.open("a").generation, 4294967295u);
  EXPECT_EQ(table.open("b").generation, 0u) << "it wraps around";
  EXPECT_EQ(table.open("c").generation, 1u);
}

TEST(ConnectionTable, KnowsNothingOfStrangers) {
  ConnectionTable<Connection> table(1);
  EXPECT_EQ(table.key_of("x"), std::nullopt);
  EXPECT_EQ(table.find({"x", 1}), nullptr);
  table.erase("x");
  EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace onair::session
