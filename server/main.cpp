#include <cstdlib>
#include <exception>
#include <iostream>

#include <spdlog/spdlog.h>

#include "options.hpp"
#include "server.hpp"

namespace {

void print_links(std::uint16_t port) {
  const std::string origin = "http://localhost:" + std::to_string(port);
  std::cout << "onair is on. Open in a browser:\n"
            << "  to broadcast  " << origin << "/talk.html\n"
            << "  to watch      " << origin << "/watch.html\n"
            << "Another room: the same links with ?NAME. Stop with Ctrl-C." << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const auto options = onair::read_options(argc, argv, exit_code);
  if (!options) return exit_code;
  spdlog::set_level(spdlog::level::from_str(options->log_level));
  try {
    onair::Server server(*options);
    print_links(server.port());
    server.run();
  } catch (const std::exception& error) {
    std::cerr << "onair-server: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
