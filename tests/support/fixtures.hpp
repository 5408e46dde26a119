// The frames that PROTOCOL.md shows.
#pragma once

#include <string>
#include <vector>

namespace onair::tests {

struct Fixture {
  std::string frame;
  std::string refused_with;  ///< an error code, or empty where the frame is accepted
};

/// Every line of its `json accepted` and `json refused CODE` blocks.
std::vector<Fixture> protocol_fixtures();

/// The whole text.
std::string protocol_text();

}  // namespace onair::tests
