#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "net/client.hpp"
#include "net/http/static_files.hpp"
#include "net/tls/lan.hpp"

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
  EXPECT_EQ(request(server.port(), verb::get, "/onair.webmanifest")[field::content_type],
            "application/manifest+json");
}

TEST_F(HttpTest, GivesMessengersTheWholeAddressOfTheLinksPicture) {
  const auto picture = [this](std::vector<std::pair<std::string, std::string>> headers) {
    headers.emplace_back("Accept-Encoding", "gzip");
    return request(server.port(), verb::get, "/talk.html?lesson", headers).body();
  };
  const std::string before = "<meta property=\"og:image\" content=\"";
  EXPECT_EQ(picture({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "onair.example"}}),
            before + "https://onair.example/share.png\">");
  EXPECT_EQ(picture({{"X-Forwarded-Host", "[fd00::1]:9001"}}),
            before + "http://[fd00::1]:9001/share.png\">");
  EXPECT_EQ(picture({{"X-Forwarded-Host", "\"><script>"}}), "not really gzip");
  // A browser gets the file as it is, compressed.
  EXPECT_EQ(picture({{"Sec-Fetch-Dest", "document"}}), "not really gzip");
  EXPECT_EQ(request(server.port(), verb::get, "/talk.html")[field::vary],
            "Accept-Encoding, Sec-Fetch-Dest");
}

TEST_F(HttpTest, SendsToEachTheSmallestFormThatItTakes) {
  const Response plain = request(server.port(), verb::get, "/page.mjs");
  EXPECT_EQ(plain.body(), "export const page = 1;");
  EXPECT_EQ(plain.count(field::content_encoding), 0u);
  const auto accepting = [this](const std::string& encodings) {
    return request(server.port(), verb::get, "/page.mjs", {{"Accept-Encoding", encodings}});
  };
  const Response gzip = accepting("deflate, gzip");
  EXPECT_EQ(gzip.body(), "not really gzip");
  EXPECT_EQ(gzip[field::content_encoding], "gzip");
  EXPECT_EQ(gzip[field::vary], "Accept-Encoding");
  const Response brotli = accepting("gzip, deflate, br");
  EXPECT_EQ(brotli.body(), "not really brotli");
  EXPECT_EQ(brotli[field::content_encoding], "br");
  EXPECT_EQ(accepting("br;q=0, gzip;q=0.5")[field::content_encoding], "gzip");
  EXPECT_EQ(accepting("x-gzip, broken").body(), "export const page = 1;");
  EXPECT_NE(brotli[field::etag], gzip[field::etag]) << "RFC 9110 section 8.8.3.3";
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
                             "/page.mjs.gz", "/page.mjs.br", "/./index.html", "/..", "*"}) {
    EXPECT_EQ(request(server.port(), verb::get, target).result_int(), 404u) << target;
  }
}

TEST(StaticFilesTest, FilesHaveTheirNamesBelowTheFolderAndHiddenOnesAreNotServed) {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "onair-files-XXXXXX").string();
  const fs::path root = mkdtemp(name.data());
  fs::create_directories(root / "site" / ".git");
  fs::create_directories(root / "site" / ".well-known");
  std::ofstream(root / "outside.txt") << "outside";
  std::ofstream(root / "site" / ".env") << "secret";
  std::ofstream(root / "site" / ".git" / "config") << "secret";
  std::ofstream(root / "site" / ".well-known" / "security.txt") << "for all";
  fs::create_symlink(root / "outside.txt", root / "site" / "linked.txt");
  const auto files = net::StaticFiles::read(root / "site");
  fs::remove_all(root);
  ASSERT_NE(files.find("/linked.txt"), nullptr);
  EXPECT_EQ(files.find("/linked.txt")->forms.back().body, "outside");
  EXPECT_EQ(files.find("/../outside.txt"), nullptr);
  EXPECT_NE(files.find("/.well-known/security.txt"), nullptr);
  EXPECT_EQ(files.find("/.env"), nullptr);
  EXPECT_EQ(files.find("/.git/config"), nullptr);
}

TEST_F(HttpTest, RefusesOtherMethods) {
  const Response posted = request(server.port(), verb::post, "/");
  EXPECT_EQ(posted.result_int(), 405u);
  EXPECT_EQ(posted[field::allow], "GET, HEAD");
}

TEST_F(HttpTest, SaysThatTheSocketIsAWebSocket) {
  EXPECT_EQ(request(server.port(), verb::get, "/ws").result_int(), 426u);
}

TEST_F(HttpTest, AnswersARefusedWebSocketByHttpWithTheReason) {
  const auto ask = [this](std::string_view origin) {
    return request(server.port(), verb::post, "/ws",
                   {{"Content-Length", "0"}, {"Origin", std::string(origin)}})
        .result_int();
  };
  EXPECT_EQ(ask("http://localhost"), 426u) << "would be let in";
  EXPECT_EQ(ask("https://elsewhere.example"), 403u);
  EXPECT_EQ(ask("null"), 403u) << "a sandboxed frame";
}

TEST_F(HttpTest, GuardsItsPages) {
  const Response page = request(server.port(), verb::get, "/");
  const std::string policy(page["Content-Security-Policy"]);
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("'wasm-unsafe-eval'"), std::string::npos);
  EXPECT_NE(policy.find("manifest-src 'self';"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_TRUE(policy.ends_with("frame-ancestors 'self'")) << policy;
  EXPECT_EQ(page["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(page["Referrer-Policy"], "no-referrer");
}

TEST_F(HttpTest, OnlyTheViewersPageIsForTheFramesOfOthersAndOnlyWhereItIsAskedFor) {
  const auto ancestors = [this](const char* target) {
    const std::string policy(request(server.port(), verb::get, target)["Content-Security-Policy"]);
    return policy.substr(policy.rfind(' ') + 1);
  };
  EXPECT_EQ(ancestors("/watch.html?lesson&embed"), "*");
  EXPECT_EQ(ancestors("/watch.html?&embed"), "*");
  EXPECT_EQ(ancestors("/watch.html?embed&embed"), "*");
  EXPECT_EQ(ancestors("/watch.html?embed"), "'self'") << "the room of that name";
  EXPECT_EQ(ancestors("/watch.html?lesson&embed=1"), "'self'") << "which the page does not know";
  EXPECT_EQ(ancestors("/watch.html?lesson"), "'self'");
  EXPECT_EQ(ancestors("/watch.html?embedded"), "'self'");
  EXPECT_EQ(ancestors("/page.mjs?embed"), "'self'");
}

TEST_F(HttpTest, MakesQrCodesOfLinks) {
  const Response code =
      request(server.port(), verb::get, "/qr.svg?https%3A%2F%2Fonair.example%2Fwatch.html%3Fx");
  EXPECT_EQ(code.result_int(), 200u);
  EXPECT_EQ(code[field::content_type], "image/svg+xml");
  // 33 bytes at level M: version 3, 29 modules and a margin of 4 on each side
  EXPECT_NE(code.body().find("viewBox=\"0 0 37 37\""), std::string::npos) << code.body();
  const std::vector<std::string> wrong = {"/qr.svg", "/qr.svg?javascript:alert(1)", "/qr.svg?%zz",
                                          "/qr.svg?http://" + std::string(1'020, 'x')};
  for (const std::string& target : wrong) {
    EXPECT_EQ(request(server.port(), verb::get, target).result_int(), 400u) << target;
  }
}

TEST_F(HttpTest, TellsItsAddressesToWhoIsOnThisMachineAlone) {
  const auto ask = [this](const std::string& host, const std::string& forwarded_for = "") {
    std::vector<std::pair<std::string, std::string>> headers = {{"Host", host}};
    if (!forwarded_for.empty()) headers.emplace_back("X-Forwarded-For", forwarded_for);
    return request(server.port(), verb::get, "/addresses", headers);
  };
  std::string all;
  for (const std::string& address : net::lan_addresses()) all += address + "\n";
  for (const char* host : {"localhost:9001", "localhost", "127.0.0.1:9001", "[::1]:9001"}) {
    const Response told = ask(host);
    EXPECT_EQ(told.result_int(), 200u) << host;
    EXPECT_EQ(told.body(), all) << host;
  }
  EXPECT_EQ(ask("localhost:9001", "192.0.2.1").result_int(), 404u) << "a client of a proxy";
  for (const char* host : {"stranger.example", "localhost.stranger.example", "10.0.0.1:9001"}) {
    EXPECT_EQ(ask(host).result_int(), 404u) << host;
  }
}

TEST_F(HttpTest, RefusesWhatIsNotHttpAndWhatIsTooLong) {
  const auto status = [this](const std::string& bytes) {
    return raw_exchange(server.port(), bytes).substr(0, 12);
  };
  EXPECT_EQ(status("hello\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n"),
            "HTTP/1.1 431");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"), "HTTP/1.1 413");
  EXPECT_EQ(request(server.port(), verb::get, "/").result_int(), 200u) << "the server goes on";
}

TEST_F(HttpTest, SaysThatItIsAliveAndReady) {
  for (const std::uint16_t port : {server.port(), server.admin_port()}) {
    EXPECT_EQ(request(port, verb::get, "/healthz").result_int(), 200u);
    EXPECT_EQ(request(port, verb::get, "/readyz").body(), "ready\n");
  }
}

TEST_F(HttpTest, WhatAPageOfAnotherSiteLoadsOpensNothing) {
  const auto status = [this](const char* site) {
    return request(server.port(), verb::get, "/socket.io/?EIO=4&transport=polling",
                   {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "no-cors"}})
        .result_int();
  };
  EXPECT_EQ(status("cross-site"), 403u);
  EXPECT_EQ(status("same-site"), 403u);
  EXPECT_EQ(status("same-origin"), 200u);
  EXPECT_EQ(status("none"), 200u);
}

TEST_F(HttpTest, OpensWebSocketsToPagesOfItsOwnOriginAlone) {
  EXPECT_EQ(upgrade_status(server.port(), {}), 101u) << "what is no browser has no origin";
  EXPECT_EQ(upgrade_status(server.port(), {{"Origin", "http://localhost"}}), 101u);
  EXPECT_EQ(upgrade_status(server.port(), {{"Origin", "https://LOCALHOST"}}), 101u);
  EXPECT_EQ(upgrade_status(server.port(), {{"Origin", "http://localhost:80"}}), 101u);
  for (const char* origin :
       {"http://localhost:8080", "http://evil.example", "null", "localhost",
        "http://localhost.evil.example", "http://evil.example/localhost", "https://localhost:80"}) {
    EXPECT_EQ(upgrade_status(server.port(), {{"Origin", origin}}), 403u) << origin;
  }
}

TEST(HttpOriginTest, OthersMayBeAllowed) {
  Options options = test_options();
  options.allow_origins = {"https://school.example"};
  const RunningServer server(options);
  EXPECT_EQ(upgrade_status(server.port(), {{"Origin", "https://school.example"}}), 101u);
  EXPECT_EQ(upgrade_status(server.port(), {{"Origin", "http://school.example"}}), 403u);
}

TEST(HttpBodyTest, NoBodyIsReadWhoseLengthIsNotKnown) {
  const RunningServer server;
  const std::string chunked = "Host: l\r\nTransfer-Encoding: chunked\r\n\r\n0;";
  for (const char* line :
       {"GET / HTTP/1.1", "GET /healthz HTTP/1.1", "POST / HTTP/1.1",
        "POST /socket.io/?EIO=4&transport=polling HTTP/1.1", "DELETE /v1/rooms/x HTTP/1.1"}) {
    for (const std::uint16_t port : {server.port(), server.admin_port()}) {
      EXPECT_EQ(raw_exchange(port, std::string(line) + "\r\n" + chunked + std::string(99, 'a'))
                    .substr(0, 12),
                "HTTP/1.1 411")
          << line;
    }
  }
  EXPECT_EQ(
      raw_exchange(server.port(), "GET / HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: gzip\r\n\r\n")
          .substr(0, 12),
      "HTTP/1.1 411")
      << "what follows would be read as a request";
}

TEST(HttpBodyTest, NoBodyIsReadWhereNoneIsTaken) {
  const RunningServer server;
  for (const std::uint16_t port : {server.port(), server.admin_port()}) {
    EXPECT_EQ(
        raw_exchange(port, "GET / HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\n\r\n").substr(0, 12),
        "HTTP/1.1 413");
    EXPECT_EQ(raw_exchange(port,
                           "GET /healthz HTTP/1.1\r\nHost: l\r\nConnection: close\r\n"
                           "Content-Length: 0\r\n\r\n")
                  .substr(0, 12),
              "HTTP/1.1 200");
  }
}

TEST(HttpQrCodeTest, EachClientMayHaveAFewASecond) {
  const RunningServer server;
  const auto status = [&server](const char* client) {
    return request(server.port(), verb::get, "/qr.svg?http://x", {{"X-Forwarded-For", client}})
        .result_int();
  };
  unsigned last = 200;
  int asked = 0;
  while (last == 200 && ++asked < 1'000) last = status("192.0.2.1");
  EXPECT_EQ(last, 429u);
  EXPECT_GE(asked, 20);
  EXPECT_EQ(status("198.51.100.7"), 200u) << "another's codes are its own";
}

}  // namespace
}  // namespace onair::tests
