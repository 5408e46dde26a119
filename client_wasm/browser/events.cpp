#include "browser/events.hpp"

#include <map>
#include <utility>

namespace onair::browser {
namespace {

struct Registry {
  std::map<int, EventTarget*> targets;
  int last_id = 0;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

EventTarget::EventTarget() : id_(++registry().last_id) {
  registry().targets[id_] = this;
}

EventTarget::~EventTarget() {
  registry().targets.erase(id_);
}

val EventTarget::listener(Event event, const EventTag& tag) const {
  std::string peer;
  std::uint32_t number = 0;
  if (const auto* key = std::get_if<ConnectionKey>(&tag)) {
    peer = key->peer;
    number = key->generation;
  } else if (const auto* socket = std::get_if<SocketTag>(&tag)) {
    number = socket->number;
  } else if (const auto* capture = std::get_if<CaptureTag>(&tag)) {
    number = capture->number;
  }
  return val::module_property(kDispatchName)
      .call<val>("bind", val::null(), id_, static_cast<int>(event), static_cast<int>(tag.index()),
                 peer, number);
}

void dispatch(int target, int event, int kind, std::string peer, std::uint32_t number,
              val payload) {
  const auto found = registry().targets.find(target);
  if (found == registry().targets.end()) return;
  const EventTag tags[] = {std::monostate{}, ConnectionKey{std::move(peer), number},
                           SocketTag{number}, CaptureTag{number}};
  std::visit(
      [&](const auto& tag) { found->second->on_event(static_cast<Event>(event), tag, payload); },
      tags[kind]);
}

}  // namespace onair::browser
