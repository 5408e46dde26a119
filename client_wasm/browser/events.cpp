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

val EventTarget::listener(Event event, const ConnectionKey& key) const {
  return val::module_property(kDispatchName)
      .call<val>("bind", val::null(), id_, static_cast<int>(event), key.peer, key.generation);
}

void dispatch(int target, int event, std::string peer, session::Generation generation,
              val payload) {
  const auto found = registry().targets.find(target);
  if (found == registry().targets.end()) return;
  found->second->on_event(static_cast<Event>(event), {std::move(peer), generation}, payload);
}

}  // namespace onair::browser
