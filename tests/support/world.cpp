#include "support/world.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "support/clients.hpp"
#include "support/forwarder.hpp"

namespace onair::tests {

template class SessionClient<Talker, session::TalkSession, session::TalkInput, session::TalkOutput>;
template class SessionClient<Watcher, session::WatchSession, session::WatchInput,
                             session::WatchOutput>;

std::string PlainTokens::issue(const rooms::Identity& identity) {
  return std::string(name_of(identity.role)) + " " + identity.id + " " + identity.room;
}

std::optional<rooms::Resumption> PlainTokens::redeem(std::string_view token, std::string_view room,
                                                     protocol::Role role) {
  const std::string start = std::string(name_of(role)) + " ";
  const std::string end = " " + std::string(room);
  if (!token.starts_with(start) || !token.ends_with(end)) return std::nullopt;
  return rooms::Resumption{
      std::string(token.substr(start.size(), token.size() - start.size() - end.size())), age};
}

World::World(std::size_t talkers_per_room, std::optional<std::string> forward)
    : talkers_per_room_(talkers_per_room), forward_(std::move(forward)) {
  if (forward_) {
    auto forwarder = std::make_unique<Forwarder>(*this);
    forwarder_ = forwarder.get();
    clients_.push_back(std::move(forwarder));
  }
  start_server();
}

Talker& World::add_talker(session::TalkOptions options) {
  if (options.room.empty()) options.room = "lesson";
  auto talker = std::make_unique<Talker>(*this, "talker" + std::to_string(clients_.size() + 1),
                                         session::TalkSession(options));
  Talker& added = *talker;
  added.options = std::move(options);
  clients_.push_back(std::move(talker));
  added.feed(session::Started{});
  return added;
}

Watcher& World::add_watcher(session::WatchOptions options) {
  if (options.room.empty()) options.room = "lesson";
  auto watcher = std::make_unique<Watcher>(*this, "watcher" + std::to_string(clients_.size() + 1),
                                           session::WatchSession(std::move(options)));
  Watcher& added = *watcher;
  clients_.push_back(std::move(watcher));
  added.feed(session::Started{});
  return added;
}

Talker& World::reload(Talker& talker, PageEnd end) {
  end == PageEnd::closed ? talker.leave() : talker.crash();
  session::TalkOptions options = talker.options;
  if (!talker.token.empty()) options.resume = talker.token;
  options.first_generation = static_cast<session::Generation>(1'000 * clients_.size());
  Talker& again = add_talker(std::move(options));
  again.start_video();
  return again;
}

Watcher& World::reload(Watcher& watcher, PageEnd end) {
  end == PageEnd::closed ? watcher.leave() : watcher.crash();
  session::WatchOptions options;
  if (!watcher.token.empty()) options.resume = watcher.token;
  options.backoff_seed = static_cast<std::uint32_t>(1'000 * clients_.size());
  Watcher& again = add_watcher(std::move(options));
  again.forwarder_needs_turn = watcher.forwarder_needs_turn;
  again.reaches_no_browser = watcher.reaches_no_browser;
  again.reaches_nobody = watcher.reaches_nobody;
  return again;
}

void World::settle() {
  for (int steps = 0; !actions_.empty(); ++steps) {
    if (steps > 100'000) {
      FAIL() << "the actions never end; next is " << actions_.front().label;
    }
    run_next();
  }
}

void World::run_next() {
  Action action = take_next();
  if (is_held(action.label)) {
    held_.push_back(std::move(action));
  } else {
    action.run();
  }
}

void World::run_some(int steps) {
  for (const TimePoint end = now_ + std::chrono::seconds(5); steps > 0; --steps) {
    if (!actions_.empty()) {
      run_next();
    } else if (!advance_to_next_deadline(end)) {
      return;
    }
  }
}

World::Action World::take_next() {
  std::size_t chosen = 0;
  if (random_) {
    std::set<std::string> lanes;
    std::vector<std::size_t> heads;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      if (lanes.insert(actions_[i].lane).second) heads.push_back(i);
    }
    chosen = heads[std::uniform_int_distribution<std::size_t>(0, heads.size() - 1)(*random_)];
  }
  Action action = std::move(actions_[chosen]);
  actions_.erase(actions_.begin() + static_cast<std::ptrdiff_t>(chosen));
  return action;
}

void World::pass(Duration duration) {
  const TimePoint end = now_ + duration;
  settle();
  while (advance_to_next_deadline(end)) settle();
  now_ = end;
}

bool World::advance_to_next_deadline(TimePoint end) {
  std::optional<TimePoint> next;
  for (const auto& client : clients_) next = session::earlier(next, client->next_deadline());
  if (hub_) {
    if (const auto due = hub_->next_deadline()) {
      // the hub's clock is finer: round up
      next = session::earlier(next, std::chrono::ceil<Duration>(*due));
    }
  }
  if (!next || *next > end) return false;
  now_ = std::max(now_, *next);
  if (hub_) hub_->advance(now_);
  for (const auto& client : clients_) client->pass_time();
  return true;
}

void World::release() {
  held_labels_.clear();
  for (Action& action : held_) actions_.push_back(std::move(action));
  held_.clear();
  settle();
}

void World::kill_server(bool with_forwarder) {
  for (const auto& client : clients_) client->lose_socket();
  hub_.reset();
  if (with_forwarder) forwarder_->vanish();
  tokens_.age = std::chrono::hours(1);  // every token is older than the next server
  settle();
}

void World::start_server() {
  bus_ = rooms::ThreadBus(0, 1, nullptr);
  hub_ = std::make_unique<rooms::Hub>(
      rooms::HubOptions{
          .make_id = [this] { return "id" + std::to_string(++last_id_); },
          .resume_tokens = tokens_,
          .ice_servers =
              [](const auto&) {
                return std::vector<protocol::IceServer>{{{"turn:turn.example.org"}, {}, {}}};
              },
          .began = now_,
          .limits = {.talkers_per_room = talkers_per_room_},
          .forward = forward_,
          .use_forwarder =
              [this](const auto&, const auto& talker, bool on, const auto&) {
                post("forwarder", "use_forwarder",
                     [this, talker, on] { forwarder_->use(talker, on); });
              },
      },
      bus_);
  bus_.serve(*hub_);
  if (forwarder_ != nullptr) forwarder_->take_back();
}

void World::break_transports(session::TransportState state) {
  for (auto& [number, connection] : connections_) {
    if (!connection.connected) continue;
    connection.report_transport(state);
  }
  settle();
}

void World::expect_empty_after_all_left() {
  for (const auto& client : clients_) client->leave();
  release();
  pass(std::chrono::seconds(15));  // the grace time of a talker on air
  for (const auto& client : clients_) EXPECT_TRUE(client->is_empty());
  EXPECT_TRUE(connections_.empty());
  if (!hub_) return;
  EXPECT_EQ(hub_->census().peers, 0u);
  EXPECT_EQ(hub_->census().rooms, 0u);
  EXPECT_EQ(hub_->next_deadline(), std::nullopt);
}

void World::post(std::string lane, std::string label, std::function<void()> run) {
  actions_.push_back({std::move(lane), std::move(label), std::move(run)});
}

bool World::is_held(const std::string& label) const {
  return std::any_of(held_labels_.begin(), held_labels_.end(),
                     [&label](const auto& part) { return label.find(part) != std::string::npos; });
}

FakeConnection* World::find_connection(int number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : &found->second;
}

FakeConnection& World::make_connection() {
  FakeConnection& made = connections_[++last_connection_];
  made.number = last_connection_;
  return made;
}

void World::connect_if_ready(int number) {
  FakeConnection* one = find_connection(number);
  FakeConnection* other = one == nullptr ? nullptr : find_connection(one->remote);
  if (other == nullptr || other->remote != number || one->connected) return;
  for (const FakeConnection* end : {one, other}) {
    if (!end->local_made || !end->has_candidate) return;
    const FakeConnection* far = end == one ? other : one;
    if (far->is_forwarders ? end->misses_forwarder : end->misses_browsers) return;
  }
  for (FakeConnection* end : {one, other}) {
    end->connected = true;
    end->report_transport(session::TransportState::connecting);
    end->report_transport(session::TransportState::connected);
    if (one->is_forwarders || other->is_forwarders) continue;  // it has no data channels
    end->report_channel_open();
    end->report_chat_open();
  }
}

void World::close_connection(int number) {
  const FakeConnection* closing = find_connection(number);
  if (closing == nullptr) return;
  const FakeConnection* other = find_connection(closing->remote);
  const bool has_other = other != nullptr && other->remote == number;
  const auto tell = has_other ? other->report_closed : nullptr;
  // A browser notices by itself that the path ends. A `bye` is quicker, but there is no server.
  const bool is_lost = has_other && other->connected && !other->is_forwarders && !hub_;
  const auto lose = is_lost ? other->report_transport : nullptr;
  connections_.erase(number);
  if (tell) tell();
  if (lose) lose(session::TransportState::failed);
}

void World::lose_connection(int number) {
  const FakeConnection* lost = find_connection(number);
  if (lost == nullptr) return;
  const FakeConnection* other = find_connection(lost->remote);
  const bool was_connected = other != nullptr && other->remote == number && other->connected;
  const auto lose = was_connected ? other->report_transport : nullptr;
  const auto tell = was_connected ? other->report_closed : nullptr;
  connections_.erase(number);
  if (lose) lose(session::TransportState::disconnected);
  if (tell) tell();
}

bool World::carries_picture(int number) {
  const FakeConnection* connection = find_connection(number);
  if (connection == nullptr || !connection->connected) return false;
  const FakeConnection* other = find_connection(connection->remote);
  return other != nullptr && (!other->is_forwarders || forwarder_->has_picture());
}

}  // namespace onair::tests
