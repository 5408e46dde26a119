#include "light/member.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using sfu::Clock;
using sfu::TimePoint;

/// As a page does whose request is not answered, or by an offer that leads to nothing.
constexpr sfu::Duration kRequestAgain = 10s;

constexpr std::string_view kSentAt = "sent at ";

}  // namespace

Member::Member(boost::asio::io_context& context, std::uint16_t port, const std::string& room,
               Viewer& viewer, std::function<void()> connecting)
    : client_(context, Dialect::onair), viewer_(viewer), connecting_(std::move(connecting)) {
  client_.more_of_enter = R"(,"caps":["forwarded"])";
  client_.on_frame = [this](std::string_view frame) { receive(frame); };
  client_.rejected = [this] { is_cut_ = true; };
  client_.join(port, room, /*talks=*/false, [this] { has_entered_ = true; });
}

void Member::advance(TimePoint now) {
  if (!has_entered_ || is_cut_) return;
  if (forwarder_.empty()) {
    if (now >= next_request_) request({});
  } else if (viewer_.has_picture() && !std::exchange(has_reported_, true)) {
    client_.send_message(R"("type":"watching_via","via":")" + forwarder_ + '"', talker_);
  }
}

/// Asks one talker or the forwarder for the broadcast; without a name, all talkers.
void Member::request(std::string_view peer) {
  next_request_ = Clock::now() + kRequestAgain;
  client_.send_message(R"("type":"talk_request")", peer);
}

void Member::receive(std::string_view frame) {
  const json message = json::parse(frame);
  const std::string type = message.value("type", "");
  const std::string from = message.value("from", "");
  if (type == "talk_ready" && forwarder_.empty()) {
    talker_ = message.value("of", talker_);  // of the forwarder; from a talker: there is room now
    request(from);
  } else if (type == "talk_ready" && !message.contains("direct")) {
    has_reported_ = false;  // the talker's page was loaded anew
  } else if (type == "offer" && !talker_.empty() && forwarder_.empty()) {
    const auto sdp = message["sdp"].get<std::string>();
    if (sdp.find("a=ice-lite") == std::string::npos) return;  // a browser's
    const auto answer = viewer_.take_offer(sdp, Clock::now());
    if (!answer) return;
    forwarder_ = from;
    connecting_();
    client_.send_message(R"("type":"answer","connection":)" + message["connection"].dump() +
                             R"(,"sdp":)" + json(*answer).dump(),
                         forwarder_);
  } else if (type == "chat_messages") {
    for (const json& line : message["messages"]) read_line(line.value("text", ""));
  }
}

void Member::read_line(const std::string& text) {
  if (!text.starts_with(kSentAt)) return;
  std::int64_t sent_ms = 0;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data() + kSentAt.size(), end, sent_ms).ec != std::errc{}) return;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const Milliseconds now = std::chrono::system_clock::now().time_since_epoch();
  chat_latencies_.push_back(now.count() - static_cast<double>(sent_ms));
}

}  // namespace onair::load
