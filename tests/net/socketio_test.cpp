// socket.io's endpoint, request by request; what Engine.IO's protocol demands of a server is here
// too. Each request comes over a connection of its own, so mostly over another thread than its
// session's.
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

using boost::beast::http::verb;
using nlohmann::json;
using std::chrono::milliseconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

const std::string kPolling = "/socket.io/?EIO=4&transport=polling";
const std::string kWebsocket = "/socket.io/?EIO=4&transport=websocket";

/// A client of Engine.IO 4 over polling.
class Polling {
 public:
  explicit Polling(std::uint16_t port, Headers headers = {})
      : port_(port), headers_(std::move(headers)) {
    const Response opened = request(port_, verb::get, kPolling, headers_);
    if (opened.result_int() != 200) throw std::runtime_error(opened.body());
    sid_ = json::parse(opened.body().substr(1))["sid"];
  }

  std::string target() const { return kPolling + "&sid=" + sid_; }
  std::string upgrade_target() const { return kWebsocket + "&sid=" + sid_; }
  Response get() const { return request(port_, verb::get, target(), headers_); }
  Response post(const std::string& body) const {
    return request(port_, verb::post, target(), headers_, body);
  }
  std::future<Response> get_later() const {
    return std::async(std::launch::async, [this] { return get(); });
  }
  /// The room that it enters; its id.
  std::string enter(const std::string& room) const {
    EXPECT_EQ(post("40").body(), "ok");
    const std::string id = json::parse(get().body().substr(2))["sid"];
    EXPECT_EQ(post("42" + json{"enter", room}.dump()).body(), "ok");
    return id;
  }
  void send(const json& message) const {
    EXPECT_EQ(post("42" + json{"message", message}.dump()).body(), "ok");
  }
  const std::string& sid() const { return sid_; }

 private:
  std::uint16_t port_;
  Headers headers_;
  std::string sid_;
};

/// Sends a poll, without waiting for its answer.
std::unique_ptr<RawConnection> begin_poll(std::uint16_t port, const std::string& target) {
  auto connection = std::make_unique<RawConnection>(port);
  connection->send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return connection;
}

Options quick_options() {
  Options options = test_options();
  options.limits.idle_time = milliseconds(600);
  options.limits.handshake_time = milliseconds(500);
  return options;
}

TEST(Socketio, OpensSessions) {
  const RunningServer server;
  const Response polling = request(server.port(), verb::get, kPolling);
  EXPECT_EQ(polling.result_int(), 200);
  EXPECT_EQ(polling[boost::beast::http::field::content_type], "text/plain; charset=utf-8");
  EXPECT_EQ(polling[boost::beast::http::field::cache_control], "no-store");
  ASSERT_EQ(polling.body().front(), '0');
  const json handshake = json::parse(polling.body().substr(1));
  EXPECT_EQ(handshake["upgrades"], json{"websocket"});
  EXPECT_EQ(handshake["pingInterval"], 15'000);
  EXPECT_EQ(handshake["pingTimeout"], 15'000);
  EXPECT_EQ(handshake["maxPayload"], 262'144);
  WebSocketClient websocket(server.port(), kWebsocket);
  EXPECT_EQ(json::parse(websocket.receive_text().substr(1))["upgrades"], json::array());
  const Response third = request(server.port(), verb::get, "/socket.io/?EIO=3&transport=polling");
  EXPECT_NE(third.body().find(":0{"), std::string::npos);
  EXPECT_TRUE(third.body().ends_with("2:40")) << third.body();
}

TEST(Socketio, RefusesRequestsThatMakeNoSense) {
  const RunningServer server;
  const Polling session(server.port());
  struct Case {
    verb method;
    std::string target;
    int code;
  };
  for (const Case& c : {
           Case{verb::get, "/socket.io/", 5},
           Case{verb::get, "/socket.io/?transport=polling", 5},
           Case{verb::get, "/socket.io/?EIO=abc&transport=polling", 5},
           Case{verb::get, "/socket.io/?EIO=2&transport=polling", 5},
           Case{verb::get, "/socket.io/?EIO=4", 0},
           Case{verb::get, "/socket.io/?EIO=4&transport=abc", 0},
           Case{verb::get, "/socket.io/?EIO=4&transport=websocket", 3},
           Case{verb::get, kPolling + "&j=0", 3},
           Case{verb::post, kPolling, 2},
           Case{verb::put, kPolling, 2},
           Case{verb::get, kPolling + "&sid=abc", 1},
           Case{verb::get, kPolling + "&sid=", 1},
           Case{verb::get, kPolling + "&sid=" + session.sid() + "0", 1},
           Case{verb::get, kPolling + "&sid=%zz" + session.sid(), 1},
           Case{verb::get, "/socket.io/?EIO=3&transport=polling&sid=" + session.sid(), 1},
           Case{verb::put, session.target(), 3},
           Case{verb::head, session.target(), 3},
       }) {
    const Response response = request(server.port(), c.method, c.target);
    EXPECT_EQ(response.result_int(), 400) << c.target;
    if (c.method == verb::head) continue;
    EXPECT_EQ(json::parse(response.body())["code"], c.code) << c.target;
  }
  EXPECT_EQ(session.enter("lesson").size(), 24u);  // none of that did it any harm
}

TEST(Socketio, CarriesMessagesBetweenSessionsOnAnyThreads) {
  const RunningServer server;
  const Polling talker(server.port());
  const Polling viewer(server.port());
  const std::string talker_id = talker.enter("lesson");
  const std::string viewer_id = viewer.enter("lesson");
  auto poll = talker.get_later();
  viewer.send({{"type", "talk_request"}, {"sendto", talker_id}});
  const std::string message =
      R"({"from":")" + viewer_id + R"(","sendto":")" + talker_id + R"(","type":"talk_request"})";
  EXPECT_EQ(poll.get().body(), R"(42["message",)" + message + "]");
}

TEST(Socketio, GarbageEndsTheSession) {
  const RunningServer server;
  for (const char* garbage :
       {"abc", "", "9", "4", "4x", "40[", "42[\"message\",{}]", "\x1e", "2"}) {
    const Polling session(server.port());
    EXPECT_EQ(session.post(garbage).result_int(), 400) << garbage;
    EXPECT_EQ(session.get().result_int(), 400) << garbage;
    WebSocketClient websocket(server.port(), kWebsocket);
    websocket.receive_text();
    websocket.send(garbage);
    EXPECT_EQ(websocket.receive_close(), 1008) << garbage;
  }
}

TEST(Socketio, RefusesBinary) {
  const RunningServer server;
  const Polling session(server.port());
  session.enter("lesson");
  EXPECT_EQ(session.post("bAQID").result_int(), 400);
  EXPECT_NE(session.get().body().find("binary_frame"), std::string::npos);
  WebSocketClient websocket(server.port(), kWebsocket);
  websocket.receive_text();
  websocket.send("40");
  websocket.receive_text();
  websocket.send_binary("x");
  EXPECT_NE(websocket.receive_text().find("binary_frame"), std::string::npos);
  EXPECT_EQ(websocket.receive_text(), "41");
  EXPECT_EQ(websocket.receive_close(), 1003);
}

TEST(Socketio, TwoPollsAtATimeEndTheSession) {
  const RunningServer server;
  const Polling session(server.port());
  std::vector<std::future<Response>> polls;
  for (int i = 0; i < 2; ++i) polls.push_back(session.get_later());
  std::vector<unsigned> statuses;
  std::string bodies;
  for (auto& poll : polls) {
    const Response response = poll.get();
    statuses.push_back(response.result_int());
    if (response.result_int() == 200) bodies += response.body();
  }
  std::sort(statuses.begin(), statuses.end());
  EXPECT_EQ(statuses, (std::vector<unsigned>{200, 400}));
  EXPECT_EQ(bodies, "1");
  EXPECT_EQ(session.get().result_int(), 400);
}

TEST(Socketio, APollThatIsBrokenOffEndsTheSession) {
  const RunningServer server;
  WebSocketClient talker(server.port());
  talker.enter("talk");
  const Polling session(server.port());
  const std::string id = session.enter("lesson");
  session.send({{"type", "talk_request"}});
  talker.receive_type("talk_request");
  begin_poll(server.port(), session.target()).reset();
  EXPECT_EQ(talker.receive_type("user_disconnected")["id"], id);
  EXPECT_EQ(session.get().result_int(), 400);
}

TEST(Socketio, TheClientMayClose) {
  const RunningServer server;
  const Polling session(server.port());
  auto poll = session.get_later();
  // The order of the two is the threads'; where the close is first, there is nothing to poll.
  EXPECT_EQ(session.post("1").body(), "ok");
  const Response response = poll.get();
  EXPECT_TRUE(response.result_int() == 400 || response.body() == "6") << response.body();
  EXPECT_EQ(session.get().result_int(), 400);
  EXPECT_EQ(session.post("40").result_int(), 400);
}

TEST(Socketio, ChangesToAWebSocket) {
  const RunningServer server;
  for (int i = 0; i < 6; ++i) {  // on all pairs of threads
    const Polling session(server.port());
    const std::string id = session.enter("room" + std::to_string(i));
    WebSocketClient websocket(server.port(), session.upgrade_target());
    websocket.send("2probe");
    EXPECT_EQ(websocket.receive_text(), "3probe");
    EXPECT_EQ(session.get().body(), "6");
    session.send({{"sendto", id}, {"n", 1}});
    websocket.send("5");
    EXPECT_EQ(websocket.receive_text(),
              R"(42["message",{"from":")" + id + R"(","n":1,"sendto":")" + id + R"("}])");
    websocket.send("42" + json{"message", {{"sendto", id}, {"n", 2}}}.dump());
    EXPECT_NE(websocket.receive_text().find(R"("n":2)"), std::string::npos);
    EXPECT_EQ(session.get().result_int(), 400);
    EXPECT_EQ(session.post("40").result_int(), 400);
    EXPECT_THROW(WebSocketClient(server.port(), session.upgrade_target()),
                 boost::system::system_error);
    websocket.send("42" + json{"message", {{"sendto", id}, {"n", 3}}}.dump());
    EXPECT_NE(websocket.receive_text().find(R"("n":3)"), std::string::npos);
  }
  EXPECT_EQ(server.metric("onair_polling_clients"), 0);
}

TEST(Socketio, StaysWithPollingWhereTheWebSocketGoesAway) {
  const RunningServer server;
  const Polling session(server.port());
  const std::string id = session.enter("lesson");
  for (int i = 0; i < 3; ++i) {
    WebSocketClient websocket(server.port(), session.upgrade_target());
    websocket.send("2probe");
    EXPECT_EQ(websocket.receive_text(), "3probe");
    websocket.close();
    session.send({{"sendto", id}, {"n", i}});
    std::string body = "6";  // as long as the server does not know
    while (body == "6") body = session.get().body();
    EXPECT_NE(body.find("\"n\":" + std::to_string(i)), std::string::npos) << body;
  }
}

TEST(Socketio, DeadSessionsExpire) {
  const RunningServer server(quick_options());
  const Polling silent(server.port());
  const Polling polling(server.port());
  polling.enter("lesson");
  WebSocketClient websocket(server.port(), kWebsocket);
  websocket.receive_text();
  websocket.send("40");
  websocket.receive_text();
  EXPECT_EQ(websocket.receive_text(), "2");
  EXPECT_EQ(websocket.receive_close(), 1008);
  EXPECT_EQ(silent.get().result_int(), 400);
  EXPECT_EQ(polling.get().result_int(), 400);
  EXPECT_EQ(server.metric("onair_polling_clients"), 0);
  EXPECT_EQ(server.metric("onair_peers"), 0);
}

TEST(Socketio, WhoAnswersPingsLives) {
  const RunningServer server(quick_options());
  const Polling session(server.port());
  session.enter("lesson");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(session.get().body(), "2");
    EXPECT_EQ(session.post("3").body(), "ok");
  }
}

TEST(Socketio, OnlyPagesOfAllowedOriginsConnect) {
  Options options = test_options();
  options.allow_origins = {"https://school.example"};
  const RunningServer server(options);
  const Headers stranger = {{"Origin", "https://evil.example"}};
  const Response refused = request(server.port(), verb::get, kPolling, stranger);
  EXPECT_EQ(refused.result_int(), 403);
  EXPECT_EQ(refused.count("Access-Control-Allow-Origin"), 0u);
  EXPECT_EQ(request(server.port(), verb::options, kPolling, stranger)
                .count("Access-Control-Allow-Origin"),
            0u);
  const Headers school = {{"Origin", "https://school.example"}};
  const Polling session(server.port(), school);
  for (const Response& response : {session.post("40"), session.get(),
                                   request(server.port(), verb::get, kPolling + "x", school),
                                   request(server.port(), verb::options, kPolling, school)}) {
    EXPECT_EQ(response["Access-Control-Allow-Origin"], "https://school.example");
    EXPECT_EQ(response["Access-Control-Allow-Credentials"], "true");
    EXPECT_EQ(response["Vary"], "Origin");
  }
  const Response preflight =
      request(server.port(), verb::options, kPolling,
              {school.front(), {"Access-Control-Request-Headers", "x-mine"}});
  EXPECT_EQ(preflight.result_int(), 204);
  EXPECT_EQ(preflight["Access-Control-Allow-Methods"], "GET, POST");
  EXPECT_EQ(preflight["Access-Control-Allow-Headers"], "x-mine");
}

TEST(Socketio, BodiesHaveABound) {
  Options options = test_options();
  options.limits.frame_bytes = 1'000;
  const RunningServer server(options);
  const Polling session(server.port());
  const std::string id = session.enter("lesson");
  session.send({{"sendto", id}, {"text", std::string(900, 'x')}});
  EXPECT_EQ(session.get().result_int(), 200);
  EXPECT_EQ(session.post("42[" + std::string(5'000, ' ')).result_int(), 413);
  EXPECT_EQ(request(server.port(), verb::post, "/watch.html", {}, "x").result_int(), 413);
  EXPECT_EQ(request(server.port(), verb::get, session.target(), {}, "x").result_int(), 413);
  session.send({{"sendto", id}, {"text", std::string(1'000, 'x')}});
  EXPECT_NE(session.get().body().find("frame_too_large"), std::string::npos);
  EXPECT_EQ(session.get().body(), "1");
}

TEST(Socketio, SessionsOfOneAddressAreBounded) {
  Options options = test_options();
  options.limits.peers_per_address = 2;
  const RunningServer server(options);
  const Headers home = {{"X-Forwarded-For", "203.0.113.7"}};
  const Polling first(server.port(), home);
  const Polling second(server.port(), home);
  EXPECT_EQ(request(server.port(), verb::get, kPolling, home).result_int(), 429);
  EXPECT_EQ(upgrade_status(server.port(), home), 429u);
  EXPECT_EQ(request(server.port(), verb::get, kPolling, {{"X-Forwarded-For", "203.0.113.8"}})
                .result_int(),
            200);
  first.post("1");
  EXPECT_EQ(request(server.port(), verb::get, kPolling, home).result_int(), 200);
}

TEST(Socketio, SessionsWithoutAConnectionCountAsOne) {
  Options options = test_options();
  options.limits.connections = 3;
  const RunningServer server(options);
  const auto await_connections = [&server](int count) {
    while (server.metric("onair_connections") != count) std::this_thread::yield();
  };
  const Polling first(server.port());
  await_connections(1);
  const Polling second(server.port());
  await_connections(2);
  EXPECT_EQ(request(server.port(), verb::get, kPolling).result_int(), 503);
  await_connections(2);
  EXPECT_EQ(first.post("40").body(), "ok");
}

TEST(Socketio, WhereEveryoneKnowsTheSidItHoldsFromOneAddress) {
  const RunningServer server;
  const Headers home = {{"X-Forwarded-For", "203.0.113.7"}};
  const Headers stranger = {{"X-Forwarded-For", "203.0.113.8"}};
  const std::string third = "/socket.io/?EIO=3&transport=polling";
  const std::string body = request(server.port(), verb::get, third, home).body();
  const std::size_t at = body.find("\"sid\":\"") + 7;
  const std::string target = third + "&sid=" + body.substr(at, body.find('"', at) - at);
  EXPECT_EQ(request(server.port(), verb::post, target, stranger, "1:1").result_int(), 400);
  EXPECT_EQ(request(server.port(), verb::post, target, home, "1:1").body(), "ok");
  const Polling roaming(server.port(), home);
  EXPECT_EQ(request(server.port(), verb::post, roaming.target(), stranger, "40").body(), "ok");
}

TEST(Socketio, ABrowserMayChangeItsAddressAndItsSessionBelongsToItsCookie) {
  const RunningServer server;
  const std::string third = "/socket.io/?EIO=3&transport=polling";
  const auto from = [](const std::string& address, const std::string& cookie) {
    return Headers{{"X-Forwarded-For", address}, {"Cookie", cookie}};
  };
  const auto target_in = [&third](const Response& handshake) {
    const std::string& body = handshake.body();
    const std::size_t at = body.find("\"sid\":\"") + 7;
    return third + "&sid=" + body.substr(at, body.find('"', at) - at);
  };
  const auto is_taken = [&server](const std::string& target, const Headers& headers) {
    return request(server.port(), verb::post, target, headers, "1:2").result_int() == 200;
  };
  const Response handshake =
      request(server.port(), verb::get, third, {{"X-Forwarded-For", "203.0.113.7"}});
  const std::string set(handshake[boost::beast::http::field::set_cookie]);
  EXPECT_TRUE(set.ends_with("; Path=/socket.io; HttpOnly; SameSite=Strict")) << set;
  const std::string cookie = set.substr(0, set.find(';'));
  const std::string target = target_in(handshake);
  const std::string other =
      cookie.substr(0, cookie.size() - 1) + (cookie.back() == '0' ? '1' : '0');
  EXPECT_FALSE(is_taken(target, from("203.0.113.8", other)));
  EXPECT_TRUE(is_taken(target, from("203.0.113.7", "theme=/dark=1/; a")))
      << "a program without cookies";
  EXPECT_TRUE(is_taken(target, from("203.0.113.8", "theme=/dark=1/;" + cookie + "; b=c")));
  EXPECT_FALSE(is_taken(target, from("203.0.113.7", other)))
      << "a neighbour behind the same address";
  EXPECT_FALSE(is_taken(target, {{"X-Forwarded-For", "203.0.113.7"}}));

  const Response second = request(server.port(), verb::get, third, from("203.0.113.7", cookie));
  EXPECT_EQ(second[boost::beast::http::field::set_cookie], "") << "it has one";
  EXPECT_FALSE(is_taken(target_in(second), {{"X-Forwarded-For", "203.0.113.7"}}));
  EXPECT_TRUE(is_taken(target_in(second), from("203.0.113.9", cookie)));
  EXPECT_EQ(request(server.port(), verb::get, kPolling)[boost::beast::http::field::set_cookie], "")
      << "where the sid is a secret";
  const Response secure =
      request(server.port(), verb::get, third, {{"X-Forwarded-Proto", "https"}});
  EXPECT_TRUE(secure[boost::beast::http::field::set_cookie].ends_with("; Secure"));
}

TEST(Socketio, AClientThatNeverPollsIsCutOff) {
  Options options = test_options();
  options.limits.send_queue_bytes = 65'536;
  const RunningServer server(options);
  WebSocketClient talker(server.port());
  talker.enter("talk");
  const Polling slow(server.port());
  const std::string slow_id = slow.enter("lesson");
  const std::string text(40'000, 'x');
  for (int i = 0; i < 3; ++i) talker.send(json{{"type", "wave"}, {"text", text}}.dump());
  EXPECT_EQ(talker.receive_type("user_disconnected")["id"], slow_id);
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"slow_consumer\"}"), 1);
  EXPECT_EQ(slow.get().body(), "1");
  EXPECT_EQ(slow.get().result_int(), 400);
}

TEST(Socketio, WhatOthersSendDoesNotCutAClientOff) {
  Options options = test_options();
  options.limits.send_queue_bytes = 65'536;
  const RunningServer server(options);
  const Polling flooder(server.port());
  const Polling slow(server.port());
  flooder.enter("lesson");
  slow.enter("lesson");
  const std::string text(40'000, 'x');
  for (int i = 0; i < 3; ++i) flooder.send({{"text", text}});
  EXPECT_NE(flooder.get().body().find("rate_limited"), std::string::npos) << "who fills it pays";
  EXPECT_NE(slow.get().body().find(text), std::string::npos);
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"slow_consumer\"}"), 0);
}

TEST(Socketio, AFloodIsWarnedThenSentAway) {
  Options options = test_options();
  options.room_limits.rates = {50, 1e9, std::chrono::seconds(1)};
  const RunningServer server(options);
  WebSocketClient flooder(server.port(), kWebsocket);
  flooder.receive_text();
  flooder.send("40");
  flooder.receive_text();
  for (int i = 0; i < 150; ++i) flooder.send("42[\"nothing\"]");
  EXPECT_NE(flooder.receive_text().find("rate_limited"), std::string::npos);
  EXPECT_NE(flooder.receive_text().find("rate_limited"), std::string::npos);
  EXPECT_EQ(flooder.receive_text(), "41");
  EXPECT_EQ(flooder.receive_close(), 1008);
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"rate\"}"), 1);
}

TEST(Socketio, TheServerEndsWithPollsUnderWay) {
  for (int i = 0; i < 3; ++i) {
    auto server = std::make_unique<RunningServer>();
    const Polling session(server->port());
    session.enter("lesson");
    const auto poll = begin_poll(server->port(), session.target());
    WebSocketClient websocket(server->port(), session.upgrade_target());
    if (i == 1) websocket.send("2probe");
    if (i == 2) server->server().drain();
    server.reset();
  }
}

TEST(Socketio, ManyComeAndGoAtOnce) {
  const RunningServer server;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&server] {
      for (int i = 0; i < 8; ++i) {
        const Polling session(server.port());
        const std::string id = session.enter("lesson");
        session.send({{"type", "talk_request"}});
        auto websocket = std::make_unique<WebSocketClient>(server.port(), session.upgrade_target());
        if (i % 2 == 0) {
          websocket->send("2probe");
          while (websocket->receive_text() != "3probe") {
          }
          websocket->send("5");
          websocket->send("42" + json{"message", {{"sendto", id}, {"last", 1}}}.dump());
          while (websocket->receive_text().find("last") == std::string::npos) {
          }
        }
        if (i % 3 == 0) session.post("1");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  WebSocketClient(server.port()).enter("watch");
}

}  // namespace
}  // namespace onair::tests
