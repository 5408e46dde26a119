// The forwarder as a member of the room "lesson": what server/net/media does, without a network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "protocol/message.hpp"
#include "support/world.hpp"

namespace onair::tests {

class FakeSocket;

class Forwarder final : public Client {
 public:
  explicit Forwarder(World& world) : world_(world) {}

  /// A talker needs it in the room, or needs it no more.
  void use(const protocol::PeerId& talker, bool on);
  /// Its process is killed, and another one is there at once.
  void die();
  /// Its process ends together with the server, which tells nobody.
  void vanish();
  /// A new server finds it as the old one left it.
  void take_back();

  /// The picture comes in.
  bool has_picture() const;
  std::size_t viewers() const { return viewers_.size(); }
  const protocol::PeerId& id() const { return id_; }

  void lose_socket() override;
  void leave() override;
  void pass_time() override;
  std::optional<TimePoint> next_deadline() const override;
  bool is_empty() const override { return !incoming_ && viewers_.empty(); }

 private:
  void enter(std::optional<rooms::Resumption> resumption);
  void receive(const protocol::Message& message);
  void on_talker(const protocol::Message& message);
  void on_viewer(const protocol::PeerId& viewer, const protocol::Message& message);
  void send(protocol::Body body, const protocol::PeerId& to);
  void follow(const protocol::PeerId& talker);
  void request();
  void miss_talker();
  void on_offer(const protocol::Offer& offer);
  void offer_to(const protocol::PeerId& viewer);
  void lose_talker(const protocol::PeerId& talker, bool may_be_reloading);
  /// Every other end loses its path.
  void break_connections(session::TransportState state);
  /// Its connection is up. One that has asked and is not connected may have lost its offer.
  bool serves(const protocol::PeerId& viewer) const;
  void close_incoming();
  void close_viewer(const protocol::PeerId& viewer);
  void end_viewings();
  void exit();
  /// `closed` is called when the other end has closed it.
  int make_connection(std::function<void()> closed);
  void take_candidate(int number, const protocol::Candidate& candidate);

  World& world_;
  std::shared_ptr<FakeSocket> socket_;
  protocol::PeerId id_;
  bool is_in_ = false;
  std::set<protocol::PeerId> holders_;
  protocol::PeerId followed_;
  protocol::PeerId watched_;  ///< whose picture the viewers have
  std::optional<int> incoming_;
  std::map<protocol::PeerId, int> viewers_;
  std::map<protocol::PeerId, TimePoint> offered_;  ///< when: what is silent for long is closed
  bool has_missed_ = false;                        ///< the server does not know whom it asked
  protocol::ConnectionId last_offer_ = 0;
  std::optional<TimePoint> request_at_;
  std::optional<TimePoint> end_at_;
};

}  // namespace onair::tests
