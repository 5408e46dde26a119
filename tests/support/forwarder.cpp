#include "support/forwarder.hpp"

#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"
#include "support/clients.hpp"

namespace onair::tests {
namespace {

using protocol::PeerId;

constexpr Duration kRetry{500};
constexpr Duration kLinger{5'000};
constexpr Duration kSilence{30'000};

}  // namespace

void Forwarder::use(const PeerId& talker, bool on) {
  if (on) {
    holders_.insert(talker);
    end_at_.reset();
    if (!socket_) return enter({});
    // It has one talker's picture at a time.
    const bool is_free = followed_ == talker ? !incoming_ : !holders_.contains(followed_);
    if (is_in_ && is_free) follow(talker);
    return;
  }
  if (holders_.erase(talker) == 0) return;
  if (talker == watched_) end_viewings();
  if (holders_.empty()) return exit();
  if (talker == followed_) follow(PeerId(*holders_.begin()));
}

void Forwarder::enter(std::optional<rooms::Resumption> resumption) {
  if (!world_.server_is_up()) return;
  socket_ = std::make_shared<FakeSocket>(
      [this](const std::string& frame) {
        auto decoded = protocol::decode(frame);
        ASSERT_TRUE(std::holds_alternative<protocol::Message>(decoded)) << frame;
        auto message = std::get<protocol::Message>(std::move(decoded));
        const std::string label = "forwarder <- " + std::string(type_of(message.body));
        world_.post("forwarder", label, [this, socket = socket_, message = std::move(message)] {
          if (socket == socket_) receive(message);
        });
      },
      [this](protocol::CloseCode) {
        world_.post("forwarder", "forwarder closed by server", [this, socket = socket_] {
          if (socket == socket_) exit();
        });
      });
  rooms::EntryRequest request{rooms::kForwarder, {"lesson", protocol::Role::watch}};
  request.resumption = std::move(resumption);
  world_.hub().enter(*socket_, request, world_.now());
}

void Forwarder::take_back() {
  if (id_.empty() || (!incoming_ && viewers_.empty())) return;
  if (!viewers_.empty()) holders_.insert(watched_);
  enter(rooms::Resumption{id_, rooms::Duration::zero()});
}

void Forwarder::receive(const protocol::Message& message) {
  if (const auto* welcome = std::get_if<protocol::Welcome>(&message.body)) {
    id_ = welcome->id;
    is_in_ = true;
    if (!holders_.empty() && !incoming_) follow(PeerId(*holders_.begin()));
  } else if (const auto* gone = std::get_if<protocol::UserDisconnected>(&message.body)) {
    close_viewer(gone->id);
    lose_talker(gone->id, /*may_be_reloading=*/true);
  } else if (const auto* error = std::get_if<protocol::Error>(&message.body)) {
    if (error->code == "no_such_peer") miss_talker();
  } else if (message.from) {
    const PeerId& from = *message.from;
    if (std::holds_alternative<protocol::TalkReady>(message.body)) {
      const bool is_wanted = holders_.empty() ? from == watched_ : holders_.contains(from);
      if (is_wanted && !has_picture()) follow(from);
    } else if (std::holds_alternative<protocol::EndTalk>(message.body)) {
      lose_talker(from, /*may_be_reloading=*/false);
    } else if (from == followed_) {
      on_talker(message);
    } else {
      on_viewer(from, message);
    }
  }
}

void Forwarder::on_talker(const protocol::Message& message) {
  if (const auto* offer = std::get_if<protocol::Offer>(&message.body)) {
    on_offer(*offer);
  } else if (const auto* candidate = std::get_if<protocol::Candidate>(&message.body)) {
    if (incoming_) take_candidate(*incoming_, *candidate);
  } else if (std::holds_alternative<protocol::TalkDeclined>(message.body)) {
    close_incoming();
    end_viewings();
    request_at_ = world_.now() + Duration(5'000);
  } else if (const auto* invite = std::get_if<protocol::InviteWatchers>(&message.body)) {
    if (!incoming_) return;
    holders_.insert(followed_);
    for (const PeerId& viewer : invite->peers) {
      if (!serves(viewer)) send(protocol::TalkReady{.of = followed_}, viewer);
    }
  }
}

void Forwarder::on_viewer(const PeerId& viewer, const protocol::Message& message) {
  const auto known = viewers_.find(viewer);
  if (std::holds_alternative<protocol::TalkRequest>(message.body)) {
    if (message.sendto != id_) return;  // others are for the talkers
    if (incoming_ && holders_.contains(followed_)) return offer_to(viewer);
    send(protocol::TalkDeclined{protocol::DeclineReason::not_on_air}, viewer);
  } else if (known == viewers_.end()) {
    return;
  } else if (std::holds_alternative<protocol::Bye>(message.body)) {
    close_viewer(viewer);
  } else if (const auto* candidate = std::get_if<protocol::Candidate>(&message.body)) {
    take_candidate(known->second, *candidate);
  } else if (const auto* answer = std::get_if<protocol::Answer>(&message.body)) {
    FakeConnection* connection = world_.find_connection(known->second);
    const std::string end = " " + std::to_string(known->second);
    if (connection == nullptr || !answer->sdp.ends_with(end)) return;  // to an earlier offer
    connection->remote = std::stoi(answer->sdp);
    world_.connect_if_ready(known->second);
  }
}

void Forwarder::send(protocol::Body body, const PeerId& to) {
  if (!socket_ || !is_in_) return;
  protocol::Message message{std::move(body), std::nullopt, to};
  const std::string label = "forwarder -> " + std::string(type_of(message.body));
  world_.post("forwarder up", label, [this, socket = socket_, frame = protocol::encode(message)] {
    if (!socket->open || !world_.server_is_up()) return;
    const auto scanned = protocol::scan_envelope(frame);
    world_.hub().send(*socket, std::get<protocol::Envelope>(scanned), frame, world_.now());
  });
}

void Forwarder::follow(const PeerId& talker) {
  if (talker != watched_) end_viewings();
  if (talker != followed_ && incoming_) send(protocol::Bye{}, followed_);
  close_incoming();
  followed_ = watched_ = talker;
  has_missed_ = false;
  request();
}

void Forwarder::request() {
  request_at_.reset();
  send(protocol::Players{0}, followed_);
  send(protocol::TalkRequest{}, followed_);
}

/// The first answer may be about another whom it asked before.
void Forwarder::miss_talker() {
  if (incoming_ || followed_.empty()) return;
  if (std::exchange(has_missed_, true)) return lose_talker(PeerId(followed_), false);
  request_at_ = world_.now() + kRetry;
}

void Forwarder::on_offer(const protocol::Offer& offer) {
  has_missed_ = false;
  if (incoming_) {
    close_incoming();
    send(protocol::Bye{}, followed_);
    return request();
  }
  incoming_ = make_connection([this] {
    if (!incoming_) return;
    close_incoming();
    request_at_ = world_.now() + kRetry;
  });
  FakeConnection& made = *world_.find_connection(*incoming_);
  made.remote = std::stoi(offer.sdp);
  send(protocol::Answer{std::to_string(*incoming_) + " " + std::to_string(made.remote),
                        offer.connection},
       followed_);
  protocol::Candidate candidate;
  candidate.candidate = "candidate of " + std::to_string(*incoming_);
  candidate.connection = offer.connection;
  send(std::move(candidate), followed_);
}

void Forwarder::offer_to(const PeerId& viewer) {
  close_viewer(viewer);
  const int number = make_connection([this, viewer] { close_viewer(viewer); });
  viewers_[viewer] = number;
  offered_[viewer] = world_.now();
  const protocol::ConnectionId id = ++last_offer_;
  send(protocol::Offer{std::to_string(number) + " 0", id}, viewer);
  protocol::Candidate candidate;
  candidate.candidate = "candidate of " + std::to_string(number);
  candidate.connection = id;
  send(std::move(candidate), viewer);
}

void Forwarder::lose_talker(const PeerId& talker, bool may_be_reloading) {
  const bool was_held = holders_.erase(talker) > 0;
  if (talker == followed_) {
    close_incoming();
    followed_.clear();
    request_at_.reset();
  }
  if (talker == watched_ && !may_be_reloading) end_viewings();
  if (!holders_.empty() && followed_.empty()) return follow(PeerId(*holders_.begin()));
  if (was_held && holders_.empty()) end_at_ = world_.now() + kLinger;
}

bool Forwarder::serves(const PeerId& viewer) const {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return false;
  const FakeConnection* connection = world_.find_connection(found->second);
  return connection != nullptr && connection->connected;
}

bool Forwarder::has_picture() const {
  const FakeConnection* connection = incoming_ ? world_.find_connection(*incoming_) : nullptr;
  return connection != nullptr && connection->connected &&
         world_.find_connection(connection->remote) != nullptr;
}

void Forwarder::break_connections(session::TransportState state) {
  std::vector<int> ends;
  if (incoming_) ends.push_back(*incoming_);
  for (const auto& [viewer, number] : viewers_) ends.push_back(number);
  for (const int number : ends) {
    const FakeConnection* connection = world_.find_connection(number);
    FakeConnection* other = world_.find_connection(connection->remote);
    if (connection->connected && other != nullptr) {
      other->report_transport(state);
    }
  }
}

void Forwarder::vanish() {
  break_connections(session::TransportState::disconnected);
  exit();
  id_.clear();
}

void Forwarder::die() {
  break_connections(session::TransportState::failed);
  end_viewings();
  close_incoming();
  if (!followed_.empty()) request();
}

void Forwarder::lose_socket() {
  if (!socket_) return;
  const auto socket = std::exchange(socket_, nullptr);
  is_in_ = false;
  socket->open = false;
  if (world_.server_is_up()) {
    world_.hub().disconnected(*socket, rooms::Hub::Leaving::perhaps, world_.now());
  }
}

void Forwarder::leave() {
  if (!followed_.empty()) send(protocol::Bye{}, followed_);
  exit();
}

void Forwarder::exit() {
  end_viewings();
  close_incoming();
  holders_.clear();
  followed_.clear();
  watched_.clear();
  request_at_.reset();
  end_at_.reset();
  is_in_ = false;
  if (!socket_) return;
  // Messages that it has sent before go out first.
  world_.post("forwarder up", "forwarder leaves", [this, socket = std::exchange(socket_, nullptr)] {
    if (!std::exchange(socket->open, false) || !world_.server_is_up()) return;
    world_.hub().disconnected(*socket, rooms::Hub::Leaving::for_good, world_.now());
  });
}

void Forwarder::pass_time() {
  if (request_at_ && *request_at_ <= world_.now() && !incoming_ && !followed_.empty()) request();
  if (request_at_ && *request_at_ <= world_.now()) request_at_.reset();
  for (const auto& [viewer, at] : std::map(offered_)) {
    if (at + kSilence <= world_.now() && !serves(viewer)) close_viewer(viewer);
  }
  if (!end_at_ || *end_at_ > world_.now()) return;
  end_at_.reset();
  if (holders_.empty()) exit();
}

std::optional<TimePoint> Forwarder::next_deadline() const {
  return session::earlier(request_at_, end_at_);
}

void Forwarder::close_incoming() {
  if (incoming_) world_.close_connection(*std::exchange(incoming_, std::nullopt));
}

void Forwarder::close_viewer(const PeerId& viewer) {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return;
  const int number = found->second;
  viewers_.erase(found);
  offered_.erase(viewer);
  world_.close_connection(number);
}

void Forwarder::end_viewings() {
  offered_.clear();
  for (const auto& [viewer, number] : std::exchange(viewers_, {})) {
    send(protocol::EndTalk{}, viewer);
    world_.close_connection(number);
  }
}

int Forwarder::make_connection(std::function<void()> closed) {
  FakeConnection& made = world_.make_connection();
  made.is_forwarders = true;
  made.local_made = true;
  made.report_transport = [](session::TransportState) {};
  made.report_text = [](const std::string&) {};
  made.report_chat = [](const std::string&) {};
  made.report_closed = [this, closed = std::move(closed)] {
    world_.post("forwarder", "forwarder sees the end", closed);
  };
  return made.number;
}

void Forwarder::take_candidate(int number, const protocol::Candidate& candidate) {
  FakeConnection* connection = world_.find_connection(number);
  if (connection == nullptr || !candidate.candidate) return;
  if (*candidate.candidate != "candidate of " + std::to_string(connection->remote) &&
      connection->remote != 0) {
    return;  // of an earlier connection
  }
  connection->has_candidate = true;
  world_.connect_if_ready(number);
}

}  // namespace onair::tests
