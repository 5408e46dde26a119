// A real server with a forwarder without media, and what encoders, players and pages ask of them.
#pragma once

#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/client.hpp"
#include "net/fake_forwarder.hpp"

namespace onair::tests {

namespace http = boost::beast::http;
using http::field;
using http::verb;
using nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

inline const std::string kOffer =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=ice-ufrag:old\r\na=ice-pwd:oldoldold\r\n";
inline const std::string kFragmentType = "application/trickle-ice-sdpfrag";

inline Options options_with(const FakeForwarder& forwarder) {
  Options options = test_options();
  options.forwarder = {net::ForwarderOptions::Mode::external, forwarder.socket(), 0, {}};
  return options;
}

inline std::string target_of(const Response& created) {
  return std::string(created[field::location]);
}

class WhipTest : public testing::Test {
 protected:
  void SetUp() override { start(options_with(forwarder)); }

  void start(Options options) {
    server = std::make_unique<RunningServer>(std::move(options));
    await_forwarder();
  }
  /// The server has said hello and knows what the forwarder has.
  void await_forwarder() {
    while (server->metric("onair_forwarder_connected") < 1) std::this_thread::yield();
  }

  Response post(const std::string& target, Headers headers = {}, const std::string& offer = kOffer,
                const std::string& type = "application/sdp") const {
    headers.emplace_back("Content-Type", type);
    return request(server->port(), verb::post, target, headers, offer);
  }
  std::future<Response> post_later(const std::string& target) const {
    return std::async(std::launch::async, [this, target] { return post(target); });
  }
  Response patch(const std::string& target, const std::string& fragment,
                 Headers headers = {}) const {
    headers.emplace_back("Content-Type", kFragmentType);
    return request(server->port(), verb::patch, target, headers, fragment);
  }
  Response remove(const std::string& target) const {
    return request(server->port(), verb::delete_, target);
  }

  /// An encoder on air in the room. Its resource, and its peer at the forwarder.
  std::pair<std::string, std::string> broadcast(const std::string& room = "lesson",
                                                const Headers& headers = {}) {
    const Response created = post("/whip/" + room, headers);
    if (created.result_int() != 201) throw std::runtime_error(created.body());
    const std::string peer = forwarder.expect<control::Publish>().peer;
    forwarder.send_connected(peer);
    forwarder.send_media(peer, true);
    return {target_of(created), peer};
  }
  /// Waits until the server has received all that the forwarder sent before: the reply to this
  /// comes behind it.
  void settle(const std::string& resource) const {
    EXPECT_EQ(patch(resource, "a=end-of-candidates\r\n").result_int(), 204u);
  }
  /// A browser's page on air, of which all threads know.
  void go_on_air(WebSocketClient& talker) const {
    talker.enter("talk");
    talker.send(json{{"type", "talk_ready"}}.dump());
    WebSocketClient viewer(server->port());
    talker_found_by(viewer);
    viewer.close();
  }
  /// A browser's page offers its media to the forwarder that asked.
  void offer(WebSocketClient& talker, const json& asked) const {
    talker.send(json{{"type", "offer"}, {"sendto", asked["from"]}, {"sdp", "v=0\r\n"}}.dump());
  }
  /// The same for the next request. The peer of the broadcast, once it is answered.
  std::string offer(WebSocketClient& talker) {
    offer(talker, talker.receive_type("talk_request"));
    talker.receive_type("answer");
    return forwarder.expect<control::Publish>().peer;
  }
  /// The next peers that the forwarder is told to close, in any order.
  std::set<std::string> next_closed(int count) {
    std::set<std::string> closed;
    for (int i = 0; i < count; ++i) closed.insert(forwarder.expect<control::Close>().peer);
    return closed;
  }
  /// A page that watches; the id of the encoder that it found or heard of.
  std::string talker_found_by(WebSocketClient& viewer) const {
    const json welcome = viewer.enter("watch");
    if (!welcome["talkers"].empty()) return welcome["talkers"][0];
    return viewer.receive_type("talk_ready")["from"];
  }
  /// The peer over which a page watches the encoder, and the connection's number.
  std::pair<std::string, json> watch(WebSocketClient& viewer, const std::string& talker) {
    viewer.send(json{{"type", "talk_request"}, {"sendto", talker}}.dump());
    const std::string peer = forwarder.expect<control::Invite>().peer;
    const json offer = viewer.receive_type("offer");
    EXPECT_EQ(offer["from"], talker);
    EXPECT_EQ(offer["sdp"], "v=0\r\ns=" + peer + "\r\n");
    viewer.send(json{{"type", "answer"},
                     {"sendto", talker},
                     {"sdp", "v=0\r\nmine"},
                     {"connection", offer["connection"]}}
                    .dump());
    EXPECT_EQ(forwarder.expect<control::Answer>(), (control::Answer{peer, "v=0\r\nmine"}));
    return {peer, offer["connection"]};
  }

  FakeForwarder forwarder;
  std::unique_ptr<RunningServer> server;
};

}  // namespace onair::tests
