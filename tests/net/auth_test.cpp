// Tokens at the door of the real server.
#include <chrono>

#include <gtest/gtest.h>

#include "net/auth/entry_tokens.hpp"
#include "net/client.hpp"

namespace onair::tests {
namespace {

using protocol::Role;
using std::chrono::seconds;

const std::string kSecret = "known to this test alone, and long enough";

Options guarded(net::Auth auth) {
  Options options = test_options();
  options.auth = auth;
  options.auth_secret = kSecret;
  return options;
}

std::string token_for(Role role, seconds ttl) {
  return net::mint({"lesson", role, std::chrono::system_clock::now() + ttl, "Hanako"}, kSecret, {});
}

std::string enter_with(const std::string& role, const std::string& more) {
  return R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}";
}

TEST(Auth, OnlyWithATokenOnesTalks) {
  RunningServer server(guarded(net::Auth::talk));
  WebSocketClient watcher(server.port());
  EXPECT_EQ(watcher.enter("watch")["type"], "welcome");
  WebSocketClient talker(server.port());
  talker.send(enter_with("talk", ""));
  EXPECT_EQ(talker.receive()["code"], "token_required");
  talker.send(enter_with("talk", R"(,"token":")" + token_for(Role::watch, seconds(60)) + "\""));
  EXPECT_EQ(talker.receive()["code"], "token_invalid");
  talker.send(enter_with("talk", R"(,"token":")" + token_for(Role::talk, seconds(60)) + "\""));
  const auto welcome = talker.receive();
  EXPECT_EQ(welcome["type"], "welcome");
  EXPECT_EQ(welcome["name"], "Hanako");
}

TEST(Auth, ATokenThatEndsEndsTheSession) {
  RunningServer server(guarded(net::Auth::all));
  WebSocketClient watcher(server.port());
  watcher.send(enter_with("watch", R"(,"token":")" + token_for(Role::watch, seconds(1)) + "\""));
  const auto first = watcher.receive();
  if (first["type"] == "welcome") {  // the second may have been nearly over
    EXPECT_EQ(watcher.receive_type("error")["code"], "token_expired");
  }
  EXPECT_EQ(watcher.receive_close(), 4001);
}

TEST(Auth, AResumeTokenIsNone) {
  RunningServer server(guarded(net::Auth::all));
  WebSocketClient watcher(server.port());
  watcher.send(enter_with("watch", R"(,"token":")" + token_for(Role::watch, seconds(60)) + "\""));
  const std::string resume = watcher.receive()["resume"];
  WebSocketClient again(server.port());
  again.send(enter_with("watch", R"(,"resume":")" + resume + "\""));
  EXPECT_EQ(again.receive()["code"], "token_required");
}

}  // namespace
}  // namespace onair::tests
