#include "protocol/message.hpp"

namespace onair::protocol {
namespace {

struct Kind {
  std::string_view type;
  Sender sender;
};

Kind kind_of(const Enter&) {
  return {"enter", Sender::entering_client};
}
Kind kind_of(const Welcome&) {
  return {"welcome", Sender::server};
}
Kind kind_of(const TalkReady&) {
  return {"talk_ready", Sender::talker};
}
Kind kind_of(const TalkRequest&) {
  return {"talk_request", Sender::watcher};
}
Kind kind_of(const TalkDeclined&) {
  return {"talk_declined", Sender::talker};
}
Kind kind_of(const Offer&) {
  return {"offer", Sender::talker};
}
Kind kind_of(const Answer&) {
  return {"answer", Sender::watcher};
}
Kind kind_of(const Candidate&) {
  return {"candidate", Sender::any_peer};
}
Kind kind_of(const Bye&) {
  return {"bye", Sender::watcher};
}
Kind kind_of(const EndTalk&) {
  return {"end_talk", Sender::talker};
}
Kind kind_of(const Ping&) {
  return {"ping", Sender::client};
}
Kind kind_of(const Pong&) {
  return {"pong", Sender::server};
}
Kind kind_of(const UserDisconnected&) {
  return {"user_disconnected", Sender::server};
}
Kind kind_of(const Audience&) {
  return {"audience", Sender::server};
}
Kind kind_of(const Error&) {
  return {"error", Sender::server};
}
Kind kind_of(const Unknown& unknown) {
  return {unknown.type, Sender::any_peer};
}

}  // namespace

Sender sender_of(const Body& body) {
  return std::visit([](const auto& kind) { return kind_of(kind).sender; }, body);
}

std::string_view type_of(const Body& body) {
  return std::visit([](const auto& kind) { return kind_of(kind).type; }, body);
}

std::string_view name_of(Role role) {
  return role == Role::talk ? "talk" : "watch";
}

std::string_view name_of(DeclineReason reason) {
  return reason == DeclineReason::full ? "full" : "not_on_air";
}

}  // namespace onair::protocol
