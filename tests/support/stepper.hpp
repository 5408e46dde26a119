// Drives one session by hand: feeds inputs and records the outputs.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/message.hpp"
#include "session/link/signaling.hpp"
#include "session/time.hpp"

namespace onair::tests {

template <typename Session, typename Input, typename Output>
class Stepper {
 public:
  explicit Stepper(Session its_session) : session(std::move(its_session)) {}

  /// Handles one event; the outputs stay in `outputs`.
  template <typename Event>
  const std::vector<Output>& feed(Event event) {
    outputs = session.handle(Input(std::move(event)), now);
    return outputs;
  }

  /// Receives a message from that peer, or from the server.
  const std::vector<Output>& receive(protocol::Body body, std::string from = {}) {
    protocol::Message message{std::move(body), std::nullopt, std::nullopt};
    if (!from.empty()) message.from = std::move(from);
    return feed(session::MessageReceived{1, std::move(message)});
  }

  /// Connects and enters as `me`, with these talkers on air.
  const std::vector<Output>& join(std::vector<std::string> talkers = {}) {
    feed(session::Started{});
    feed(session::SocketOpened{1});
    return receive(protocol::Welcome{"me", "lesson", "token", {}, std::move(talkers)});
  }

  /// The last feed's outputs of one kind.
  template <typename Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Output& output : outputs) {
      if (const auto* kind = std::get_if<Kind>(&output)) found.push_back(*kind);
    }
    return found;
  }

  /// The messages of the last feed, as "type" or "type to PEER".
  std::vector<std::string> sent() const {
    std::vector<std::string> lines;
    for (const auto& send : all<session::SendMessage>()) {
      std::string line(type_of(send.message.body));
      if (send.message.sendto) line += " to " + *send.message.sendto;
      lines.push_back(line);
    }
    return lines;
  }

  Session session;
  session::TimePoint now{};
  std::vector<Output> outputs;
};

}  // namespace onair::tests
