#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

namespace http = boost::beast::http;
using http::field;
using http::verb;

class HttpTest : public testing::Test {
 protected:
  RunningServer server;
};

TEST_F(HttpTest, ServesFilesWithTheirTypes) {
  const Response page = request(server.port(), verb::get, "/");
  EXPECT_EQ(page.result_int(), 200u);
  EXPECT_EQ(page[field::content_type], "text/html; charset=utf-8");
  EXPECT_EQ(page.body(), "<!doctype html><title>start</title>");
  EXPECT_EQ(request(server.port(), verb::get, "/client.wasm")[field::content_type],
            "application/wasm");
  EXPECT_EQ(request(server.port(), verb::get, "/page.mjs?x=1")[field::content_type],
            "text/javascript; charset=utf-8");
}

TEST_F(HttpTest, SendsGzipOnlyToWhoTakesIt) {
  const Response plain = request(server.port(), verb::get, "/page.mjs");
  EXPECT_EQ(plain.body(), "export const page = 1;");
  EXPECT_EQ(plain.count(field::content_encoding), 0u);
  const Response compressed =
      request(server.port(), verb::get, "/page.mjs", {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(compressed.body(), "not really gzip");
  EXPECT_EQ(compressed[field::content_encoding], "gzip");
  EXPECT_EQ(compressed[field::vary], "Accept-Encoding");
}

TEST_F(HttpTest, AnswersNotModifiedToWhoHasIt) {
  const std::string etag(request(server.port(), verb::get, "/")[field::etag]);
  ASSERT_FALSE(etag.empty());
  const Response again = request(server.port(), verb::get, "/", {{"If-None-Match", etag}});
  EXPECT_EQ(again.result_int(), 304u);
  EXPECT_EQ(again.body(), "");
}

TEST_F(HttpTest, AnswersHeadWithoutABody) {
  const Response head = request(server.port(), verb::head, "/");
  EXPECT_EQ(head.result_int(), 200u);
  EXPECT_EQ(head[field::content_length], "35");
  EXPECT_EQ(head.body(), "");
}

TEST_F(HttpTest, GivesNothingFromOutsideTheSite) {
  for (const char* target : {"/../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/nothing",
                             "/page.mjs.gz", "/./index.html", "/..", "*"}) {
    EXPECT_EQ(request(server.port(), verb::get, target).result_int(), 404u) << target;
  }
}

TEST_F(HttpTest, RefusesOtherMethods) {
  const Response posted = request(server.port(), verb::post, "/");
  EXPECT_EQ(posted.result_int(), 405u);
  EXPECT_EQ(posted[field::allow], "GET, HEAD");
}

TEST_F(HttpTest, SaysThatTheSocketIsAWebSocket) {
  EXPECT_EQ(request(server.port(), verb::get, "/ws").result_int(), 426u);
}

TEST_F(HttpTest, GuardsItsPages) {
  const Response page = request(server.port(), verb::get, "/");
  const std::string policy(page["Content-Security-Policy"]);
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("'wasm-unsafe-eval'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(page["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(page["Referrer-Policy"], "no-referrer");
}

TEST_F(HttpTest, ClosesOnWhatIsNotHttp) {
  EXPECT_EQ(raw_exchange(server.port(), "hello\r\n\r\n"), "");
  EXPECT_EQ(
      raw_exchange(server.port(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n"),
      "");
  EXPECT_EQ(request(server.port(), verb::get, "/").result_int(), 200u) << "the server goes on";
}

}  // namespace
}  // namespace onair::tests
