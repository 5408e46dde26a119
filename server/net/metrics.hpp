// What an operator's monitoring reads.
#pragma once

#include <string>
#include <vector>

#include "net/site.hpp"
#include "net/worker.hpp"

namespace onair::net {

/// The sum of what all workers tell, in the text format of Prometheus (version 0.0.4).
std::string metrics_text(const std::vector<WorkerReport>& reports, const Site& site);

}  // namespace onair::net
