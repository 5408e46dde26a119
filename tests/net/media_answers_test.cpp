// Answers of WHIP and WHEP to whatever is asked: every path with every method, and each refusal as
// a problem document (RFC 9457) that pages of all origins can read.
#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/parser.hpp>
#include <gtest/gtest.h>

#include "net/auth/entry_tokens.hpp"
#include "net/whip_fixture.hpp"

namespace onair::tests {
namespace {

const std::string kTokenSecret = "a secret that tokens of these tests are signed with";

/// The response to bytes as they are. They ask for the end of the connection.
Response response_to(std::uint16_t port, const std::string& bytes, bool is_head = false) {
  RawConnection connection(port);
  connection.send(bytes);
  const std::string received = connection.receive_all();
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  if (is_head) parser.skip(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(received), error);
  if (error && error != http::error::need_more) throw std::runtime_error(received);
  return parser.release();
}

std::string bytes_of(const std::string& method, const std::string& path, const Headers& headers,
                     const std::string& body = {}) {
  std::ostringstream bytes;
  bytes << method << ' ' << path << " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) bytes << name << ": " << value << "\r\n";
  if (!body.empty()) bytes << "Content-Length: " << body.size() << "\r\n";
  bytes << "\r\n" << body;
  return bytes.str();
}

bool has(const Response& response, const std::string& name) {
  return response.find(name) != response.end();
}

/// Checks what holds for every answer.
void expect_readable(const Response& response) {
  EXPECT_EQ(response[field::access_control_allow_origin], "*");
  const std::string exposed(response[field::access_control_expose_headers]);
  for (const char* name : {"Location", "ETag", "Link", "Retry-After", "Allow", "Accept-Post"}) {
    EXPECT_NE(exposed.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(has(response, "Allow"),
            response.result_int() == 405 ||
                (response.result_int() == 200 && has(response, "Access-Control-Allow-Methods")));
}

void expect_problem(const Response& response, unsigned status, const std::string& code) {
  SCOPED_TRACE(code);
  expect_readable(response);
  EXPECT_EQ(response.result_int(), status) << response.body();
  EXPECT_EQ(response[field::content_type], "application/problem+json");
  const json problem = json::parse(response.body(), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(problem.is_object()) << response.body();
  EXPECT_EQ(problem["code"], code);
  EXPECT_EQ(problem["status"], status);
  EXPECT_EQ(problem["type"], "about:blank");
  EXPECT_FALSE(problem["title"].get<std::string>().empty());
  EXPECT_FALSE(problem["detail"].get<std::string>().empty());
  const bool is_retryable = status == 429 || status == 503 || code == "not_on_air";
  EXPECT_EQ(has(response, "Retry-After"), is_retryable);
  EXPECT_EQ(has(response, "WWW-Authenticate"), status == 401);
}

class MediaAnswersTest : public WhipTest {
 protected:
  Response ask(const std::string& method, const std::string& path, const Headers& headers = {},
               const std::string& body = {}) const {
    return response_to(server->port(), bytes_of(method, path, headers, body), method == "HEAD");
  }
};

struct Case {
  const char* path;
  std::vector<std::pair<const char*, unsigned>> methods;
};

const std::vector<std::pair<const char*, unsigned>> kOfAnEndpoint = {
    {"GET", 204},   {"HEAD", 204},   {"POST", 415},    {"PUT", 405},
    {"PATCH", 405}, {"DELETE", 405}, {"OPTIONS", 200}, {"TRACE", 405}};
const std::vector<std::pair<const char*, unsigned>> kOfAnUnknownSession = {
    {"GET", 404},   {"HEAD", 404},   {"POST", 405},    {"PUT", 405},
    {"PATCH", 415}, {"DELETE", 404}, {"OPTIONS", 200}, {"TRACE", 405}};
const std::vector<std::pair<const char*, unsigned>> kOfNoPath = {
    {"GET", 404},   {"HEAD", 404},   {"POST", 404},    {"PUT", 404},
    {"PATCH", 404}, {"DELETE", 404}, {"OPTIONS", 404}, {"TRACE", 404}};

TEST_F(MediaAnswersTest, EveryPathAnswersEveryMethod) {
  std::vector<Case> cases;
  for (const char* path : {"/whip", "/whip/", "/whip/lesson", "/whip/lesson/", "/whep", "/whep/",
                           "/whep/%E6%95%99%2F1", "/whep/lesson?query"}) {
    cases.push_back({path, kOfAnEndpoint});
  }
  for (const char* path : {"/whip/lesson/unknown", "/whep/lesson/unknown", "/whep//unknown"}) {
    cases.push_back({path, kOfAnUnknownSession});
  }
  for (const char* path : {"/whip/%zz", "/whip/a/b/c", "/whep/%00", "/whep/%zz/unknown"}) {
    cases.push_back({path, kOfNoPath});
  }
  for (const auto& [path, methods] : cases) {
    for (const auto& [method, status] : methods) {
      SCOPED_TRACE(std::string(method) + " " + path);
      const Response response = ask(method, path);
      expect_readable(response);
      EXPECT_EQ(response.result_int(), status);
      if (status == 204) {
        EXPECT_FALSE(has(response, "Content-Length")) << "RFC 9110 section 8.6";
      }
      if (status >= 400) {
        EXPECT_EQ(response[field::content_type], "application/problem+json");
      }
      if (status >= 400 && std::string_view(method) != "HEAD") {
        EXPECT_EQ(json::parse(response.body())["status"], status);
      }
    }
  }
  EXPECT_EQ(forwarder.count<control::Publish>() + forwarder.count<control::Play>(), 0u);
}

TEST_F(MediaAnswersTest, ASessionThatLivesHasNothingToShow) {
  const auto [resource, peer] = broadcast();
  EXPECT_EQ(ask("GET", resource).result_int(), 204u);
  EXPECT_EQ(ask("HEAD", resource).result_int(), 204u);
  EXPECT_EQ(ask("GET", "/whep" + resource.substr(5)).result_int(), 404u);
}

TEST_F(MediaAnswersTest, MethodsAndMediaTypesAreNamed) {
  const std::string of_endpoint = "GET, HEAD, POST, OPTIONS";
  const std::string of_session = "GET, HEAD, DELETE, PATCH, OPTIONS";
  EXPECT_EQ(ask("PUT", "/whip/lesson")[field::allow], of_endpoint);
  EXPECT_EQ(ask("POST", "/whip/lesson/unknown")[field::allow], of_session);
  for (const auto& [path, allowed, accepted] :
       {std::tuple("/whep/lesson", of_endpoint, "Accept-Post"),
        std::tuple("/whep/lesson/unknown", of_session, "Accept-Patch")}) {
    const Response options = ask("OPTIONS", path,
                                 {{"Origin", "https://player.example"},
                                  {"Access-Control-Request-Method", "POST"},
                                  {"Access-Control-Request-Headers", "authorization"}});
    EXPECT_EQ(options.result_int(), 200u);
    EXPECT_EQ(options[field::allow], allowed);
    EXPECT_EQ(options[field::access_control_allow_methods], allowed);
    EXPECT_EQ(options[field::access_control_allow_headers], "authorization");
    EXPECT_TRUE(has(options, accepted));
  }
  EXPECT_EQ(ask("POST", "/whip/lesson")["Accept-Post"], "application/sdp");
  EXPECT_EQ(ask("PATCH", "/whip/lesson/unknown")["Accept-Patch"], kFragmentType);
}

TEST_F(MediaAnswersTest, WhatHttpRefusesIsAProblemToo) {
  const std::string post = "POST /whip/lesson HTTP/1.1\r\nHost: localhost\r\n";
  const auto answer = [this](const std::string& bytes) {
    return response_to(server->port(), bytes);
  };
  expect_problem(answer(post + "no header\r\n\r\n"), 400, "bad_request");
  expect_problem(answer(post + "Transfer-Encoding: chunked\r\n\r\n"), 411, "length_required");
  expect_problem(answer(post + "Content-Length: 32769\r\n\r\n"), 413, "body_too_large");
  expect_problem(answer("DELETE /whip/lesson/x HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), 413,
                 "body_too_large");
  expect_problem(answer(post + "X: " + std::string(9'000, 'x') + "\r\n\r\n"), 431,
                 "header_too_large");
  EXPECT_EQ(answer("POST /index.html HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")[field::content_type],
            "text/plain; charset=utf-8")
      << "pages are for people";
}

TEST_F(MediaAnswersTest, EachRefusalIsAProblem) {
  const Headers sdp = {{"Content-Type", "application/sdp"}};
  const Headers fragment = {{"Content-Type", kFragmentType}};
  expect_problem(ask("POST", "/whip/lesson", {{"Content-Type", "text/plain"}}, kOffer), 415,
                 "wrong_type");
  expect_problem(ask("POST", "/whip/lesson", sdp, "hello"), 400, "bad_sdp");
  expect_problem(ask("POST", "/whip/%zz", sdp, kOffer), 404, "bad_room");
  expect_problem(ask("POST", "/whip/a/b/c", sdp, kOffer), 404, "no_such_path");
  expect_problem(ask("DELETE", "/whip/lesson"), 405, "wrong_method");
  expect_problem(ask("POST", "/whep/lesson", sdp, kOffer), 409, "not_on_air");
  Headers foreign = sdp;
  foreign.emplace_back("Origin", "https://player.example");
  expect_problem(ask("POST", "/whip/lesson", foreign, kOffer), 403, "wrong_origin");

  const auto [resource, peer] = broadcast();
  expect_problem(ask("POST", "/whip/lesson", sdp, kOffer), 409, "room_taken");
  const std::string anew = "a=ice-ufrag:new\r\na=ice-pwd:newnewnew\r\n";
  expect_problem(ask("PATCH", resource, fragment, "nothing"), 400, "bad_sdp");
  expect_problem(ask("PATCH", resource, fragment, anew), 428, "if_match_missing");
  Headers stale = fragment;
  stale.emplace_back("If-Match", "\"another\"");
  expect_problem(ask("PATCH", resource, stale, anew), 412, "stale");
  expect_problem(ask("PATCH", resource, sdp, anew), 415, "wrong_type");
  expect_problem(ask("PATCH", resource + "0", fragment, anew), 404, "no_such_resource");
}

TEST_F(MediaAnswersTest, WhatTheForwarderRefusesIsAProblem) {
  const Headers sdp = {{"Content-Type", "application/sdp"}};
  struct Fault {
    control::ErrorCode fault;
    unsigned status;
    const char* code;
  };
  for (const auto& [fault, status, code] :
       {Fault{control::ErrorCode::bad_sdp, 400, "bad_sdp"},
        Fault{control::ErrorCode::no_codec, 422, "no_codec"},
        Fault{control::ErrorCode::no_publication, 409, "not_on_air"},
        Fault{control::ErrorCode::no_such_peer, 404, "no_such_resource"},
        Fault{control::ErrorCode::full, 503, "forwarder_full"},
        Fault{control::ErrorCode::bad_request, 422, "unsupported"}}) {
    forwarder.fail_with(fault);
    expect_problem(ask("POST", "/whip/lesson", sdp, kOffer), status, code);
  }
  forwarder.fail_with({});
}

TEST_F(MediaAnswersTest, PlayersOfALockedRoomAreRefused) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  talker.send(json{{"type", "lock_room"}, {"locked", true}}.dump());
  talker.send(json{{"type", "ping"}}.dump());
  talker.receive_type("pong");
  Response answer;
  do {  // until the thread of the player knows of the lock
    auto later = post_later("/whep/lesson");
    answer = later.get();
  } while (answer.result_int() == 503);
  expect_problem(answer, 403, "room_locked");
}

TEST(MediaAnswersTimesTest, LimitsAndAForwarderThatIsAwayAreProblems) {
  Options options = test_options();
  options.forwarder = {net::ForwarderOptions::Mode::external, "/nonexistent/forwarder.sock", 0, {}};
  options.limits.peers_per_address = 0;
  const RunningServer server(options);
  Headers headers = {{"Content-Type", "application/sdp"}};
  const auto post = [&](const char* path) {
    return response_to(server.port(), bytes_of("POST", path, headers, kOffer));
  };
  expect_problem(post("/whip/lesson"), 503, "forwarder_away");
  expect_problem(post("/whep/lesson"), 503, "forwarder_away");
  headers.emplace_back("X-Forwarded-For", "192.0.2.1");
  expect_problem(post("/whip/lesson"), 429, "too_many_clients");
}

TEST(MediaAnswersTimesTest, WithoutAForwarderEverythingIsAProblem) {
  const RunningServer server;
  for (const char* method : {"GET", "POST", "OPTIONS", "DELETE"}) {
    expect_problem(response_to(server.port(), bytes_of(method, "/whep/lesson", {})), 404,
                   "forwarder_off");
  }
}

TEST(MediaAnswersTimesTest, TokensThatDoNotHoldAreProblems) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.auth = net::Auth::all;
  options.auth_secret = kTokenSecret;
  options.auth_leeway = std::chrono::seconds(0);
  const RunningServer server(options);
  const auto post = [&](const std::string& path, const std::string& token) {
    Headers headers = {{"Content-Type", "application/sdp"}};
    if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
    return response_to(server.port(), bytes_of("POST", path, headers, kOffer));
  };
  const auto minted = [](protocol::Role role, std::chrono::seconds ttl) {
    return net::mint({"lesson", role, std::chrono::system_clock::now() + ttl}, kTokenSecret, {});
  };
  expect_problem(post("/whip/lesson", ""), 401, "token_required");
  expect_problem(post("/whep/lesson", ""), 401, "token_required");
  expect_problem(post("/whip/lesson", minted(protocol::Role::watch, std::chrono::seconds(60))), 401,
                 "token_invalid");
  expect_problem(post("/whep/lesson", minted(protocol::Role::watch, std::chrono::seconds(-60))),
                 401, "token_expired");
}

}  // namespace
}  // namespace onair::tests
