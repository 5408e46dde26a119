#include "support/fixtures.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace onair::tests {

std::string protocol_text() {
  std::ifstream file(ONAIR_PROTOCOL_MD);
  if (!file) throw std::runtime_error("no " ONAIR_PROTOCOL_MD);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Fixture> protocol_fixtures() {
  const std::string accepted = "```json accepted";
  const std::string refused = "```json refused ";
  std::vector<Fixture> fixtures;
  std::optional<std::string> code;  // of the block that we are in
  std::istringstream lines(protocol_text());
  for (std::string line; std::getline(lines, line);) {
    if (line == accepted) {
      code = "";
    } else if (line.starts_with(refused)) {
      code = line.substr(refused.size());
    } else if (line.starts_with("```")) {
      code.reset();
    } else if (code) {
      fixtures.push_back({line, *code});
    }
  }
  return fixtures;
}

}  // namespace onair::tests
