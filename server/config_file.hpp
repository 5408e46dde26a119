// The form of the file that --config names.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace onair {

/// A line is `NAME=VALUE`, empty, or a comment, which begins with `#` or `;`. A value is all behind
/// the first `=` but the blanks around it, whatever characters it has, so that it means what it
/// means on the command line. An empty value counts as not given; lines with one name are in their
/// order.
class LineConfig final : public CLI::Config {
 public:
  /// Throws CLI::ConfigError that names the line which is neither.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

  /// Not used: nothing writes a configuration.
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }
};

}  // namespace onair
