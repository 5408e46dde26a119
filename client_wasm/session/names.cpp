#include "session/names.hpp"

namespace onair::session {

std::string_view name_of(TransportState state) {
  switch (state) {
    case TransportState::fresh: return "new";
    case TransportState::connecting: return "connecting";
    case TransportState::connected: return "connected";
    case TransportState::disconnected: return "disconnected";
    case TransportState::failed: return "failed";
  }
  return "new";
}

std::string_view name_of(Step step) {
  switch (step) {
    case Step::create_connection: return "create_connection";
    case Step::make_local_description: return "make_local_description";
    case Step::apply_remote_description: return "apply_remote_description";
    case Step::add_candidate: return "add_candidate";
    case Step::replace_tracks: return "replace_tracks";
    case Step::limit_sending: return "limit_sending";
  }
  return "step";
}

std::string describe(const ConnectionKey& key) {
  return key.peer + "#" + std::to_string(key.generation);
}

std::string describe(const StepFailed& failed) {
  return describe(failed.key) + ": " + std::string(name_of(failed.step)) +
         " failed: " + failed.reason;
}

std::string describe(const TransportChanged& changed) {
  return describe(changed.key) + ": transport " + std::string(name_of(changed.state));
}

std::string describe(const ChannelFailed& failed) {
  return describe(failed.key) + ": data channel failed: " + failed.reason;
}

}  // namespace onair::session
