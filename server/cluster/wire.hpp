// Carries messages between the processes of a cluster, by subjects as NATS has them
// (https://docs.nats.io/nats-concepts/subjects). Messages of one process on one subject arrive in
// order or not at all; nobody receives its own.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "rooms/time.hpp"

namespace onair::cluster {

using rooms::Duration;
using rooms::TimePoint;

/// True for a subject that NATS takes as one word: tokens of visible ASCII, joined by single dots,
/// without wildcards. NATS speaks in lines, so a space or a line break in a subject would be a
/// command of its own.
constexpr bool is_subject(std::string_view text) {
  const auto may_stand = [](char c) { return c > ' ' && c <= '~' && c != '*' && c != '>'; };
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), may_stand);
}

/// The same for a subscription, whose last token may be the wildcard `>`.
constexpr bool is_subscription(std::string_view text) {
  if (text.ends_with(".>")) text.remove_suffix(2);
  return is_subject(text);
}

/// Carries only what is_subject and is_subscription accept. Anything else is dropped.
class Wire {
 public:
  virtual void subscribe(const std::string& subject) = 0;
  virtual void unsubscribe(const std::string& subject) = 0;

  /// Where nobody is subscribed, WireMember::on_no_subscriber follows if there is a `reply`
  /// subject.
  virtual void publish(const std::string& subject, std::string_view payload,
                       const std::string& reply = {}) = 0;

 protected:
  ~Wire() = default;
};

class WireMember {
 public:
  virtual void on_message(std::string_view subject, std::string_view payload,
                          std::string_view reply, TimePoint now) = 0;
  virtual void on_no_subscriber(std::string_view reply, TimePoint now) = 0;

  /// The wire carries messages from now on, or none until further notice.
  virtual void connected(TimePoint now) = 0;
  virtual void disconnected() = 0;

 protected:
  ~WireMember() = default;
};

}  // namespace onair::cluster
