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
  EXPECT_EQ(table.latest_with("a"), key);
  EXPECT_TRUE(table.contains("a"));
  EXPECT_EQ(table.size(), 1u);
}

TEST(ConnectionTable, DoesNotFindAnEarlierOrLaterConnectionOfTheSamePeer) {
  ConnectionTable<Connection> table(1);
  const ConnectionKey first = table.open("a");
  table.erase(first);
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

TEST(ConnectionTable, HoldsTwoConnectionsWithOnePeer) {
  ConnectionTable<Connection> table(4294967295u);
  const ConnectionKey old = table.open("a");
  const ConnectionKey other = table.open("b");
  const ConnectionKey replacement = table.open("a");
  EXPECT_EQ(table.latest_with("a"), replacement) << "also after a wrap-around";
  EXPECT_EQ(table.keys_with("a").size(), 2u);
  EXPECT_EQ(table.keys_with("b"), std::vector{other});
  table.find(old)->value = 1;
  EXPECT_EQ(table.find(replacement)->value, 0);
  table.erase(replacement);
  EXPECT_EQ(table.latest_with("a"), old);
}

TEST(ConnectionTable, KnowsNothingOfStrangers) {
  ConnectionTable<Connection> table(1);
  EXPECT_EQ(table.latest_with("x"), std::nullopt);
  EXPECT_EQ(table.find({"x", 1}), nullptr);
  table.erase({"x", 1});
  EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace onair::session
