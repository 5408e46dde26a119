// What an operator's monitoring reads.
#pragma once

#include <string>
#include <vector>

#include "net/http/server_context.hpp"
#include "net/loop/worker.hpp"

namespace onair::net {

/// The sum of what all workers tell, in the text format of Prometheus (version 0.0.4).
std::string metrics_text(const std::vector<WorkerReport>& reports, const ServerContext& server);

}  // namespace onair::net
