#include "sfu/control/control.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "sfu/control/line_reader.hpp"

namespace onair::sfu::control {
namespace {

const std::string kPeer = "0123456789abcdef01234567";
const std::string kOther = "ffffffffffffffffffffffff";

std::string without_feed(const std::string& line) {
  EXPECT_TRUE(line.ends_with('\n'));
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_LE(line.size(), kMaxLineBytes);
  return line.substr(0, line.size() - 1);
}

Error refused(const std::string& line) {
  const auto parsed = parse_request(line);
  const auto* reply = std::get_if<NumberedReply>(&parsed);
  if (reply == nullptr) return {ErrorCode::full, "was not refused"};
  return std::get<Error>(reply->reply);
}

std::vector<Request> one_of_each_request() {
  const std::string sdp = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=\"é\"\r\n";
  return {Hello{},
          Hello{.exclusive = true},
          Publish{"lesson", kPeer, sdp, "a note"},
          Play{"ü 秘密", kPeer, sdp, ""},
          Invite{"lesson", kPeer, "{}"},
          Answer{kPeer, sdp},
          Trickle{kPeer, "a=ice-ufrag:x"},
          Restart{kPeer, "a=ice-ufrag:x"},
          Restart{kPeer, "a=ice-ufrag:x", "note"},
          Close{kPeer},
          List{},
          List{kPeer},
          Stats{},
          Stats{"lesson"}};
}

std::vector<Reply> one_of_each_reply() {
  Greeting greeting{.instance = "a1"};
  greeting.peers.add({"lesson", kPeer, true, true, true, "n"});
  PeerList list;
  list.peers.add({"lesson", kPeer, true, false, false, ""});
  list.peers.add({"lesson", kOther, false, true, false, "n"});
  Report report{.total = {1, 2, 3, 4, 5, 6}, .packets_dropped = 13, .cpu_seconds = 0.25};
  report.rooms.add({"lesson", {7, 8, 9, 10, 11, 12}});
  return {Done{},     Description{"v=0\r\n"},
          greeting,   list,
          PeerList{}, report,
          Report{},   Error{ErrorCode::no_publication, "Nobody broadcasts."}};
}

TEST(Control, ARequestIsReadAsItWasWritten) {
  RequestId id = 1;
  for (const Request& request : one_of_each_request()) {
    const NumberedRequest numbered{id++, request};
    const auto parsed = parse_request(without_feed(serialize(numbered).value()));
    ASSERT_TRUE(std::holds_alternative<NumberedRequest>(parsed)) << request.index();
    EXPECT_EQ(std::get<NumberedRequest>(parsed), numbered);
  }
}

TEST(Control, AReplyIsReadAsItWasWritten) {
  RequestId id = 0;
  for (const Reply& reply : one_of_each_reply()) {
    const NumberedReply numbered{id++, reply};
    const auto parsed = parse_message(without_feed(serialize(numbered)));
    ASSERT_TRUE(parsed && std::holds_alternative<NumberedReply>(*parsed)) << reply.index();
    EXPECT_EQ(std::get<NumberedReply>(*parsed), numbered);
  }
}

TEST(Control, EveryErrorAndEveryReasonHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::full); ++code) {
    const NumberedReply reply{1, Error{static_cast<ErrorCode>(code), "x"}};
    EXPECT_EQ(std::get<NumberedReply>(parse_message(without_feed(serialize(reply))).value()),
              reply);
  }
  for (int reason = 0; reason <= static_cast<int>(GoneReason::requested); ++reason) {
    const Event event = Gone{"lesson", kPeer, static_cast<GoneReason>(reason)};
    EXPECT_EQ(std::get<Event>(parse_message(without_feed(serialize(event))).value()), event);
  }
}

TEST(Control, AnEventIsReadAsItWasWritten) {
  for (const Event& event :
       {Event(Connected{"lesson", kPeer}), Event(MediaChange{"lesson", kPeer, true}),
        Event(Gone{"lesson", kPeer, GoneReason::silent})}) {
    EXPECT_EQ(std::get<Event>(parse_message(without_feed(serialize(event))).value()), event);
  }
}

TEST(Control, TheWireIsAsTheDocumentSays) {
  EXPECT_EQ(serialize(NumberedRequest{7, Close{kPeer}}).value(),
            R"({"do":"close","id":7,"peer":")" + kPeer + "\"}\n");
  EXPECT_EQ(serialize(NumberedReply{7, Done{}}), "{\"id\":7,\"ok\":{}}\n");
  EXPECT_EQ(serialize(NumberedReply{8, PeerList{}}), "{\"id\":8,\"ok\":{\"peers\":[]}}\n");
  EXPECT_EQ(serialize(NumberedReply{9, Error{ErrorCode::no_codec, "None."}}),
            "{\"error\":\"no_codec\",\"id\":9,\"message\":\"None.\"}\n");
  EXPECT_EQ(serialize(Event(MediaChange{"a", kPeer, false})),
            R"({"event":"media","on":false,"peer":")" + kPeer + "\",\"room\":\"a\"}\n");
}

TEST(Control, WhatIsNoRequestIsRefusedByItsNumber) {
  for (const char* line : {"", "x", "[]", "7", "{}", R"({"id":0,"do":"list"})",
                           R"({"id":-1,"do":"list"})", R"({"id":"7","do":"list"})", "\xff"}) {
    const auto parsed = parse_request(line);
    ASSERT_TRUE(std::holds_alternative<NumberedReply>(parsed)) << line;
    EXPECT_EQ(std::get<NumberedReply>(parsed).id, 0u) << line;
  }
  const auto parsed = parse_request(R"({"id":7,"do":"dance"})");
  EXPECT_EQ(std::get<NumberedReply>(parsed).id, 7u);
}

TEST(Control, ARefusalNamesTheField) {
  const std::string peer = R"(,"peer":")" + kPeer + '"';
  EXPECT_NE(refused(R"({"id":1,"do":"hello"})").message.find("version"), std::string::npos);
  EXPECT_NE(refused(R"({"id":1,"do":"close"})").message.find("peer"), std::string::npos);
  EXPECT_NE(refused(R"({"id":1,"do":"answer")" + peer + "}").message.find("sdp"),
            std::string::npos);
  EXPECT_NE(refused(R"({"id":1,"do":"publish","sdp":"v=0")" + peer + "}").message.find("room"),
            std::string::npos);
}

TEST(Control, FieldsBeyondTheirBoundsAreRefused) {
  for (const std::string& peer : {std::string(), kPeer + "0", std::string(24, 'A'),
                                  std::string(23, 'a'), std::string("../../../../../../etc/x")}) {
    EXPECT_EQ(refused(R"({"id":1,"do":"close","peer":")" + peer + "\"}").code,
              ErrorCode::bad_request)
        << peer;
  }
  const auto invite = [](std::size_t room, std::size_t note) {
    return serialize({1, Invite{std::string(room, 'r'), kPeer, std::string(note, 'n')}}).value();
  };
  EXPECT_TRUE(
      std::holds_alternative<NumberedRequest>(parse_request(invite(kMaxRoomBytes, kMaxNoteBytes))));
  EXPECT_EQ(refused(invite(kMaxRoomBytes + 1, 1)).code, ErrorCode::bad_request);
  EXPECT_EQ(refused(invite(1, kMaxNoteBytes + 1)).code, ErrorCode::bad_request);
  EXPECT_EQ(refused(invite(0, 1)).code, ErrorCode::bad_request);
}

TEST(Control, WhatDoesNotFitIntoALineIsNotSent) {
  const std::string sdp(kMaxLineBytes, 'a');
  EXPECT_FALSE(serialize(NumberedRequest{1, Answer{kPeer, sdp}}));
  const auto reply = parse_message(without_feed(serialize(NumberedReply{1, Description{sdp}})));
  EXPECT_EQ(std::get<Error>(std::get<NumberedReply>(reply.value()).reply).code, ErrorCode::bad_sdp);
  const Error error{ErrorCode::bad_sdp, sdp};
  without_feed(serialize(NumberedReply{1, error}));
}

TEST(Control, DeepNestingIsNoRequest) {
  EXPECT_EQ(refused(std::string(kMaxLineBytes - 1, '[')).code, ErrorCode::bad_request);
  EXPECT_EQ(
      refused(R"({"id":1,"do":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}").code,
      ErrorCode::bad_request);
}

TEST(Control, AListOfManyPeersComesInPages) {
  // Control characters take the most room in JSON.
  const std::string note(kMaxNoteBytes, '\x01');
  std::vector<PeerId> peers;
  for (int i = 0; i < 40; ++i) peers.push_back(std::string(22, '0') + std::to_string(10 + i));
  std::vector<PeerId> seen;
  for (int pages = 0; pages < 100; ++pages) {
    PeerList list;
    for (const PeerId& peer : peers) {
      if (!seen.empty() && peer <= seen.back()) continue;
      if (!list.peers.add({std::string(kMaxRoomBytes, '\x01'), peer, false, true, false, note}))
        break;
    }
    const auto parsed = parse_message(without_feed(serialize(NumberedReply{1, list})));
    ASSERT_TRUE(parsed);
    const auto& page = std::get<PeerList>(std::get<NumberedReply>(*parsed).reply).peers;
    ASSERT_FALSE(page.entries().empty());
    for (const PeerInfo& info : page.entries()) seen.push_back(info.peer);
    if (!page.has_more()) break;
  }
  EXPECT_EQ(seen, peers);
}

/// The reader's lines for these bytes when they come `at_once` at a time.
std::vector<std::string> lines_of(std::string_view bytes, std::size_t at_once) {
  LineReader reader;
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const auto space = reader.space();
    const std::size_t count = std::min({at_once, bytes.size(), space.size()});
    if (count == 0) break;
    std::copy_n(bytes.begin(), count, space.begin());
    reader.filled(count);
    bytes.remove_prefix(count);
    while (const auto line = reader.next()) lines.emplace_back(*line);
  }
  if (!bytes.empty() || reader.is_too_long()) lines.emplace_back("too long");
  return lines;
}

TEST(LineReader, GivesWholeLinesHoweverTheyCome) {
  const std::vector<std::string> lines = {"one", "", "three"};
  for (const std::size_t at_once : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(lines_of("one\n\nthree\nhalf", at_once), lines);
  }
}

TEST(LineReader, TakesALineOfTheLargestSizeAndNoLonger) {
  const std::string longest(kMaxLineBytes - 1, 'x');
  for (const std::size_t at_once : {1'000, 100'000}) {
    EXPECT_EQ(lines_of(longest + "\nnext\n", at_once), (std::vector<std::string>{longest, "next"}));
    EXPECT_EQ(lines_of(longest + "y\nnext\n", at_once), (std::vector<std::string>{"too long"}));
  }
}

}  // namespace
}  // namespace onair::sfu::control
