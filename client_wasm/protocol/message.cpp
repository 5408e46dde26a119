#include "protocol/message.hpp"

#include <algorithm>
#include <array>

namespace onair::protocol {
namespace {

struct Kind {
  std::string_view type;
  Sender sender;
};

/// In the order of Body's alternatives, without Unknown.
constexpr std::array kKinds = {
    Kind{"enter", Sender::entering_client},
    Kind{"welcome", Sender::server},
    Kind{"talk_ready", Sender::talker},
    Kind{"talk_request", Sender::watcher},
    Kind{"talk_declined", Sender::talker},
    Kind{"offer", Sender::talker},
    Kind{"answer", Sender::watcher},
    Kind{"candidate", Sender::any_peer},
    Kind{"bye", Sender::watcher},
    Kind{"end_talk", Sender::talker},
    Kind{"lock_room", Sender::commanding_talker},
    Kind{"remove_peer", Sender::commanding_talker},
    Kind{"end_room", Sender::commanding_talker},
    Kind{"ping", Sender::client},
    Kind{"pong", Sender::server},
    Kind{"user_disconnected", Sender::server},
    Kind{"audience", Sender::server},
    Kind{"players", Sender::forwarder},
    Kind{"use_forwarder", Sender::commanding_talker},
    Kind{"invite_watchers", Sender::talker},
    Kind{"watching_via", Sender::watcher},
    Kind{"chat_messages", Sender::any_peer},
    Kind{"reception", Sender::reporting_watcher},
    Kind{"audience_reception", Sender::server},
    Kind{"error", Sender::server},
};
static_assert(kKinds.size() == kKindCount);

}  // namespace

std::size_t kind_index(std::string_view type) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [type](const Kind& kind) { return kind.type == type; });
  return static_cast<std::size_t>(found - kKinds.begin());
}

std::string_view type_of_kind(std::size_t kind) {
  return kKinds.at(kind).type;
}

Sender sender_of(std::string_view type) {
  const std::size_t kind = kind_index(type);
  return kind == kKindCount ? Sender::any_peer : kKinds[kind].sender;
}

std::string_view type_of(const Body& body) {
  if (const auto* unknown = std::get_if<Unknown>(&body)) return unknown->type;
  return kKinds[body.index()].type;
}

std::string_view name_of(Role role) {
  if (role == Role::none) return "none";
  return role == Role::talk ? "talk" : "watch";
}

std::string_view name_of(DeclineReason reason) {
  switch (reason) {
    case DeclineReason::not_on_air: return "not_on_air";
    case DeclineReason::full: return "full";
    case DeclineReason::failed: return "failed";
  }
  return "not_on_air";
}

std::string_view name_of(Quality quality) {
  switch (quality) {
    case Quality::good: return "good";
    case Quality::fair: return "fair";
    case Quality::poor: return "poor";
  }
  return "good";
}

}  // namespace onair::protocol
