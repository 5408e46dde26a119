// Metrics for an operator's monitoring.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http/server_context.hpp"
#include "net/loop/worker.hpp"
#include "sfu/control/control.hpp"

namespace onair::net {

/// The sum of what all workers tell, and what the forwarder tells if it is there, in the text
/// format of Prometheus (version 0.0.4).
std::string metrics_text(const std::vector<WorkerReport>& reports,
                         const std::optional<sfu::control::Report>& forwarder,
                         const ServerContext& server);

}  // namespace onair::net
