// Carries messages between the processes of a cluster, by subjects as NATS has them
// (https://docs.nats.io/nats-concepts/subjects). Messages of one process on one subject arrive in
// order or not at all; nobody receives its own.
#pragma once

#include <string>
#include <string_view>

#include "rooms/time.hpp"

namespace onair::cluster {

using rooms::Duration;
using rooms::TimePoint;

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
