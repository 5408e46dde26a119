// Writes the first inputs of all targets: the frames of PROTOCOL.md, alone and as conversations.
#include <filesystem>
#include <fstream>
#include <string>

#include "support/fixtures.hpp"

int main(int, char** argv) {
  namespace fs = std::filesystem;
  const fs::path folder(argv[1]);
  int number = 0;
  const auto write = [&](const char* target, const std::string& input) {
    fs::create_directories(folder / target);
    std::ofstream(folder / target / std::to_string(number++)) << input;
  };
  // A step of the hub's target: the first byte says which client speaks (see hub.cpp).
  std::string conversation;
  int speaker = 0;
  for (const auto& fixture : onair::tests::protocol_fixtures()) {
    write("codec", fixture.frame);
    write("envelope", fixture.frame);
    conversation += static_cast<char>(24 + speaker++ % 6);
    conversation += fixture.frame + "\n";
    if (speaker % 5 == 0) write("hub", conversation);
    if (speaker % 12 == 0) conversation.clear();
  }
  for (const char* target :
       {"/", "/index.html", "/sub/page.mjs?x=1", "/../secret", "/%2e%2e/secret"}) {
    write("static_path", target);
  }
  write("hub",
        std::string("\x18{\"type\":\"enter\",\"room\":\"a\",\"role\":\"talk\"}\n") + "\x12\n" +
            "\x19{\"type\":\"enter\",\"room\":\"a\",\"role\":\"watch\"}\n" + "\x12\n" +
            "\x18{\"type\":\"talk_ready\"}\n\x12\n" +
            "\x19{\"type\":\"talk_request\",\"sendto\":\"id1\"}\n\x12\n\x06\n\x0d\n" +
            "\x1a{\"type\":\"enter\",\"room\":\"a\",\"role\":\"talk\",\"resume\":\"id1\"}\n\x12\n");
}
