#include "session/link/signaling_link.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "protocol/error_code.hpp"
#include "session/timeouts.hpp"

namespace onair::session {
namespace {

using protocol::CloseCode;
using protocol::ErrorCode;

/// Errors that end a session after it has entered.
constexpr ErrorCode kEndings[] = {ErrorCode::room_taken, ErrorCode::token_expired,
                                  ErrorCode::removed, ErrorCode::room_ended};

/// Temporary errors: worth another attempt.
constexpr ErrorCode kTemporary[] = {ErrorCode::room_taken, ErrorCode::room_locked,
                                    ErrorCode::room_full, ErrorCode::too_many_rooms};

template <std::size_t size>
bool is_one_of(const ErrorCode (&codes)[size], std::string_view name) {
  return std::any_of(std::begin(codes), std::end(codes),
                     [name](ErrorCode code) { return name_of(code) == name; });
}

/// The session-ending `error` that belongs to this close code.
std::optional<ErrorCode> ending_with(std::uint16_t close_code) {
  for (const ErrorCode code : kEndings) {
    if (close_code_of(code) == static_cast<CloseCode>(close_code)) return code;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(LinkStatus status) {
  switch (status) {
    case LinkStatus::idle: return "idle";
    case LinkStatus::connecting: return "connecting";
    case LinkStatus::joined: return "joined";
    case LinkStatus::reconnecting: return "reconnecting";
    case LinkStatus::unreachable: return "unreachable";
    case LinkStatus::refused: return "refused";
  }
  return "idle";
}

SignalingLink::SignalingLink(std::string room, protocol::Role role, Backoff backoff,
                             std::optional<std::string> resume, std::optional<std::string> token)
    : room_(std::move(room)),
      role_(role),
      backoff_(backoff),
      resume_(std::move(resume)),
      token_(std::move(token)) {}

std::vector<LinkOutput> SignalingLink::start(TimePoint now) {
  if (!std::holds_alternative<Idle>(state_)) return {};
  return {connect(now)};
}

std::vector<LinkOutput> SignalingLink::leave() {
  const std::optional<SocketNumber> open = socket();
  state_ = Idle{};
  if (!open) return {};
  return {CloseSocket{*open, /*leaving=*/true}};
}

std::vector<LinkOutput> SignalingLink::handle(const SocketOpened& opened, TimePoint now) {
  const auto* connecting = std::get_if<Connecting>(&state_);
  if (connecting == nullptr || connecting->socket != opened.socket) return {};
  state_ = Entering{opened.socket, now + kAnswerTimeout};
  protocol::Enter enter{room_, role_, resume_, resume_.has_value() && page_is_new_, token_};
  if (role_ == protocol::Role::watch) enter.caps.emplace_back(protocol::kForwardedCap);
  return {SendMessage{{enter, std::nullopt, std::nullopt}}};
}

std::vector<LinkOutput> SignalingLink::handle(const SocketClosed& closed, TimePoint now) {
  if (!is_current(closed.socket)) return {};
  attempt_failed_ = true;
  if (const auto ending = ending_with(closed.code)) return stay_out(std::string(name_of(*ending)));
  if (closed.code == static_cast<std::uint16_t>(CloseCode::replaced)) resume_.reset();
  state_ = Waiting{now + backoff_.next()};
  return {};
}

std::vector<LinkOutput> SignalingLink::handle(const TimePassed&, TimePoint now) {
  const std::optional<TimePoint> deadline = next_deadline();
  if (!deadline || now < *deadline) return {};
  const std::optional<SocketNumber> overdue = socket();
  if (!overdue) return {connect(now)};
  if (const auto* joined = std::get_if<Joined>(&state_);
      joined != nullptr && !joined->awaits_pong) {
    return probe(now);
  }
  handle(SocketClosed{*overdue}, now);
  return {CloseSocket{*overdue}};
}

std::vector<LinkOutput> SignalingLink::handle(const Woken&, TimePoint now) {
  if (std::holds_alternative<Waiting>(state_)) return {connect(now)};
  const auto* joined = std::get_if<Joined>(&state_);
  if (joined == nullptr || joined->awaits_pong) return {};
  return probe(now);
}

std::vector<LinkOutput> SignalingLink::probe(TimePoint now) {
  auto& joined = std::get<Joined>(state_);
  joined.awaits_pong = true;
  joined.deadline = now + kPongTimeout;
  return {SendMessage{{protocol::Ping{}, std::nullopt, std::nullopt}}};
}

void SignalingLink::on_traffic(TimePoint now) {
  auto* joined = std::get_if<Joined>(&state_);
  if (joined == nullptr || !joined->awaits_pong) return;
  joined->awaits_pong = false;
  joined->deadline = now + kPingInterval;
}

SignalingLink::Entry SignalingLink::on_welcome(const protocol::Welcome& welcome, TimePoint now) {
  const auto* entering = std::get_if<Entering>(&state_);
  if (entering == nullptr) return Entry::none;
  state_ = Joined{entering->socket, now + kPingInterval};
  backoff_.reset();
  attempt_failed_ = false;
  resume_ = welcome.resume;
  name_ = welcome.name;
  refusal_.clear();
  page_is_new_ = false;
  ice_ = {welcome.ice_servers, welcome.turn_only};
  return std::exchange(id_, welcome.id) == welcome.id ? Entry::resumed : Entry::fresh;
}

std::vector<LinkOutput> SignalingLink::on_error(const protocol::Error& error, TimePoint now) {
  if (joined() && is_one_of(kEndings, error.code)) return stay_out(error.code);
  if (!std::holds_alternative<Entering>(state_)) return {};
  auto outputs = stay_out(error.code);
  if (is_one_of(kTemporary, error.code)) state_ = Waiting{now + kRefusalPause};
  return outputs;
}

std::vector<LinkOutput> SignalingLink::stay_out(std::string code) {
  const std::optional<SocketNumber> open = socket();
  refusal_ = std::move(code);
  state_ = Refused{};
  if (!open) return {};
  return {CloseSocket{*open, /*leaving=*/true}};
}

bool SignalingLink::is_current(SocketNumber number) const {
  return socket() == number;
}

LinkStatus SignalingLink::status() const {
  if (std::holds_alternative<Idle>(state_)) return LinkStatus::idle;
  if (std::holds_alternative<Joined>(state_)) return LinkStatus::joined;
  if (!refusal_.empty()) return LinkStatus::refused;
  if (!id_.empty()) return LinkStatus::reconnecting;
  return attempt_failed_ ? LinkStatus::unreachable : LinkStatus::connecting;
}

std::optional<TimePoint> SignalingLink::next_deadline() const {
  if (const auto* connecting = std::get_if<Connecting>(&state_)) return connecting->deadline;
  if (const auto* entering = std::get_if<Entering>(&state_)) return entering->deadline;
  if (const auto* joined = std::get_if<Joined>(&state_)) return joined->deadline;
  if (const auto* waiting = std::get_if<Waiting>(&state_)) return waiting->until;
  return std::nullopt;
}

std::optional<SocketNumber> SignalingLink::socket() const {
  return std::visit(
      [](const auto& state) -> std::optional<SocketNumber> {
        if constexpr (requires { state.socket; }) return state.socket;
        return std::nullopt;
      },
      state_);
}

LinkOutput SignalingLink::connect(TimePoint now) {
  state_ = Connecting{++last_socket_, now + kAnswerTimeout};
  return OpenSocket{last_socket_};
}

}  // namespace onair::session
