// The operator's interface: what it says without sockets, and over the real port.
#include "net/admin/admin_api.hpp"

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::net {
namespace {

using boost::beast::http::verb;
using nlohmann::json;
using tests::request;
using tests::RunningServer;
using tests::WebSocketClient;

TEST(ApiPaths, NameRoomsAndPeers) {
  EXPECT_EQ(api_path("/v1/rooms"), ApiPath{});
  EXPECT_EQ(api_path("/v1/rooms/a%2Fb%20%E6%95%99"), (ApiPath{"a/b 教", {}}));
  EXPECT_EQ(api_path("/v1/rooms/lesson/peers/5f0c"), (ApiPath{"lesson", "5f0c"}));
  for (const char* other :
       {"/", "/v1", "/v1/", "/v1/rooms/", "/v2/rooms", "/v1/rooms/a/b", "/v1/rooms/a/peers",
        "/v1/rooms/a/peers/", "/v1/rooms/a/peers/b/c", "/v1/rooms/%zz", "v1/rooms"}) {
    EXPECT_EQ(api_path(other), std::nullopt) << other;
  }
}

TEST(OpenApi, DescribesEveryPath) {
  const json text = json::parse(openapi());
  EXPECT_EQ(text["openapi"], "3.0.3");
  for (const char* path : {"/v1/rooms", "/v1/rooms/{room}", "/v1/rooms/{room}/peers/{peer}",
                           "/metrics", "/healthz", "/readyz", "/openapi.json"}) {
    EXPECT_TRUE(text["paths"].contains(path)) << path;
  }
}

class AdminApiTest : public testing::Test {
 protected:
  static Options options() {
    Options options = tests::test_options();
    options.admin_key = "the key of an operator";
    return options;
  }
  tests::Response ask(verb method, const std::string& target,
                      const std::string& key = "the key of an operator") {
    return request(server.admin_port(), method, target, {{"Authorization", "Bearer " + key}});
  }

  /// More than there are threads.
  void enter_watchers() {
    for (int i = 0; i < 4; ++i) {
      watchers.push_back(std::make_unique<WebSocketClient>(server.port()));
      ids.push_back(watchers.back()->enter("watch")["id"]);
    }
  }
  int close_code(std::size_t watcher) { return watchers[watcher]->receive_close(); }

  RunningServer server{options()};
  std::vector<std::unique_ptr<WebSocketClient>> watchers;
  std::vector<std::string> ids;
};

TEST_F(AdminApiTest, OpensToTheKeyAlone) {
  EXPECT_EQ(request(server.admin_port(), verb::get, "/v1/rooms").result_int(), 401u);
  const auto refused = ask(verb::get, "/v1/rooms", "the kex");
  EXPECT_EQ(refused.result_int(), 401u);
  EXPECT_EQ(refused["WWW-Authenticate"], "Bearer realm=\"onair\"");
  EXPECT_EQ(json::parse(refused.body())["error"]["code"], "unauthorized");
  EXPECT_EQ(ask(verb::delete_, "/v1/rooms/lesson", "").result_int(), 401u);
  EXPECT_EQ(ask(verb::get, "/v1/rooms").result_int(), 200u);
  EXPECT_EQ(request(server.admin_port(), verb::get, "/metrics").result_int(), 200u);
  EXPECT_EQ(request(server.admin_port(), verb::get, "/openapi.json").result_int(), 200u);
  EXPECT_EQ(request(server.port(), verb::get, "/v1/rooms").result_int(), 404u)
      << "not on the port of the clients";
}

TEST_F(AdminApiTest, APageThatLedItsNameHereReadsNothing) {
  const auto status = [&](const std::vector<std::pair<std::string, std::string>>& headers) {
    return request(server.admin_port(), verb::get, "/metrics", headers).result_int();
  };
  EXPECT_EQ(status({{"Host", "evil.example:9101"}, {"User-Agent", "Mozilla/5.0"}}), 403u);
  EXPECT_EQ(status({{"Host", "evil.example:9101"},
                    {"User-Agent", "Mozilla/5.0"},
                    {"X-Forwarded-For", "192.0.2.1"}}),
            403u)
      << "a page can say that too";
  EXPECT_EQ(status({{"Host", "metrics.example"}}), 200u) << "a program";
  EXPECT_EQ(status({{"Host", "localhost:9101"}, {"User-Agent", "Mozilla/5.0"}}), 200u);
}

TEST_F(AdminApiTest, ListsRoomsAndWhoIsInThem) {
  EXPECT_EQ(json::parse(ask(verb::get, "/v1/rooms").body()), json::parse(R"({"rooms":[]})"));
  WebSocketClient talker(server.port());
  const std::string id = talker.enter("talk", "教室 1")["id"];
  talker.send(R"({"type":"talk_ready"})");
  talker.send(R"({"type":"lock_room","locked":true})");
  talker.send(R"({"type":"ping"})");
  talker.receive_type("pong");  // so that everything sent before has been received
  EXPECT_EQ(json::parse(ask(verb::get, "/v1/rooms").body()), json::parse(R"({"rooms":[
      {"name":"教室 1","talkers":1,"watching":0,"onAir":true,"locked":true}]})"));
  const json room = json::parse(ask(verb::get, "/v1/rooms/%E6%95%99%E5%AE%A4%201").body());
  EXPECT_EQ(room["peers"],
            json::array({{{"id", id}, {"role", "talk"}, {"onAir", true}, {"away", false}}}));
  EXPECT_EQ(ask(verb::get, "/v1/rooms/another").result_int(), 404u);
}

TEST_F(AdminApiTest, SendsAPeerAwayAndEndsARoomOnAllThreads) {
  WebSocketClient talker(server.port());
  talker.enter("talk");
  enter_watchers();
  EXPECT_EQ(ask(verb::delete_, "/v1/rooms/lesson/peers/nobody").result_int(), 404u);
  EXPECT_EQ(ask(verb::delete_, "/v1/rooms/lesson/peers/" + ids[2]).result_int(), 204u);
  EXPECT_EQ(watchers[2]->receive_type("error")["code"], "removed");
  EXPECT_EQ(close_code(2), 4002);
  EXPECT_EQ(ask(verb::delete_, "/v1/rooms/lesson").result_int(), 204u);
  for (const std::size_t i : {0UL, 1UL, 3UL}) EXPECT_EQ(close_code(i), 4003);
  EXPECT_EQ(talker.receive_close(), 4003);
  EXPECT_EQ(ask(verb::get, "/v1/rooms/lesson").result_int(), 404u);
}

TEST_F(AdminApiTest, SaysWhatCantBeDone) {
  EXPECT_EQ(ask(verb::post, "/v1/rooms").result_int(), 405u);
  EXPECT_EQ(ask(verb::delete_, "/v1/rooms").result_int(), 405u);
  EXPECT_EQ(ask(verb::get, "/v1/rooms/lesson/peers/a").result_int(), 405u);
  EXPECT_EQ(ask(verb::get, "/nothing").result_int(), 404u);
}

TEST_F(AdminApiTest, ATalkersOrdersReachWatchersOnOtherThreads) {
  WebSocketClient talker(server.port());
  talker.enter("talk");
  enter_watchers();
  talker.send(R"({"type":"remove_peer","id":")" + ids[1] + "\"}");
  EXPECT_EQ(close_code(1), 4002);
  talker.send(R"({"type":"end_room"})");
  for (const std::size_t i : {0UL, 2UL, 3UL}) EXPECT_EQ(close_code(i), 4003);
}

}  // namespace
}  // namespace onair::net
