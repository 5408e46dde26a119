#include "config_file.hpp"

#include <algorithm>
#include <string_view>

#include "protocol/text.hpp"

namespace onair {

using protocol::trimmed;

std::vector<CLI::ConfigItem> LineConfig::from_config(std::istream& input) const {
  std::vector<CLI::ConfigItem> given;
  std::string text;
  for (int number = 1; std::getline(input, text); ++number) {
    const std::string_view line = trimmed(text);
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) {
      throw CLI::ConfigError("Line " + std::to_string(number) +
                             " of the configuration is not NAME=VALUE");
    }
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (value.empty()) continue;
    // CLI11 takes the first of several items with one name, so there is one.
    const auto known = std::ranges::find(given, name, &CLI::ConfigItem::name);
    CLI::ConfigItem& item = known == given.end() ? given.emplace_back() : *known;
    item.name = name;
    item.inputs.emplace_back(value);
  }
  return given;
}

}  // namespace onair
