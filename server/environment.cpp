#include "environment.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace onair {

void ignore_kubernetes(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_envname();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || !name.ends_with("_PORT")) continue;
    if (std::string_view(value).find("://") != std::string_view::npos) option->envname("");
  }
}

void read_rest_of_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->empty() || option->get_envname().empty()) continue;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
    const char* const value = std::getenv(option->get_envname().c_str());
    if (value == nullptr || *value == '\0') continue;
    option->add_result(std::string(value));
    option->run_callback();
  }
}

}  // namespace onair
