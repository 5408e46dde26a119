// Texts for the console.
#pragma once

#include <string>
#include <string_view>

#include "session/peer_connection.hpp"

namespace onair::session {

std::string_view name_of(TransportState state);
std::string_view name_of(Step step);

std::string describe(const ConnectionKey& key);
std::string describe(const StepFailed& failed);
std::string describe(const TransportChanged& changed);
std::string describe(const ChannelFailed& failed);

}  // namespace onair::session
