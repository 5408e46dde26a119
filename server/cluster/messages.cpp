#include "cluster/messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "cluster/json_fields.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_scanner.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"
#include "rooms/peer_id.hpp"

namespace onair::cluster {

using nlohmann::json;
using protocol::json_text;
using rooms::Reach;
using rooms::RoomShare;
using rooms::TalkerInfo;
using rooms::TalkerReception;

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

/// Bound of a frame with its sender's id and its envelope.
constexpr std::size_t kMaxFrameBytes = 4 * protocol::kMaxFrameBytes;

constexpr std::size_t kMaxProcessIdBytes = 64;
constexpr std::string_view kLettersAndDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool is_process_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxProcessIdBytes &&
         text.find_first_not_of(kLettersAndDigits) == std::string_view::npos;
}

std::optional<std::string> room_of_word(std::string_view token) {
  if (token.empty() || token.size() % 2 != 0) return std::nullopt;
  std::string room;
  for (std::size_t i = 0; i < token.size(); i += 2) {
    const std::size_t high = kDigits.find(token[i]);
    const std::size_t low = kDigits.find(token[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    room.push_back(static_cast<char>(high * 16 + low));
  }
  return room;
}

/// Indexed by ToPeer::Kind.
constexpr std::array<std::string_view, 7> kKindNames = {
    "frame", "take_over", "kept", "handed_over", "undelivered", "too_much", "served_too"};

bool has_frame(ToPeer::Kind kind) {
  return kind == ToPeer::Kind::frame || kind == ToPeer::Kind::buffered;
}

std::string_view name_of(Reach reach) {
  switch (reach) {
    case Reach::everyone: return "all";
    case Reach::talkers_and_socketio: return "talkers_and_roleless";
    case Reach::talkers: return "talkers";
    case Reach::socketio: return "roleless";
  }
  return "all";
}

std::optional<Reach> reach_of(std::string_view name) {
  for (const Reach reach :
       {Reach::everyone, Reach::talkers_and_socketio, Reach::talkers, Reach::socketio}) {
    if (name == name_of(reach)) return reach;
  }
  return std::nullopt;
}

/// Nothing for what does not leave its process.
std::optional<std::string_view> name_of(rooms::Order::Kind kind) {
  switch (kind) {
    case rooms::Order::Kind::remove_peer: return "remove_peer";
    case rooms::Order::Kind::end_room: return "end_room";
    case rooms::Order::Kind::release_slot: return std::nullopt;
    case rooms::Order::Kind::release_forwarder: return "release_forwarder";
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [after, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || after != end) return std::nullopt;
  return number;
}

/// The first token, which is taken away with the dot behind it.
std::string_view next_token(std::string_view& subject) {
  const std::string_view token = subject.substr(0, subject.find('.'));
  subject.remove_prefix(std::min(token.size() + 1, subject.size()));
  return token;
}

json to_json(const TalkerInfo& talker) {
  json object = {{"id", talker.id}, {"onAir", talker.on_air}, {"locks", talker.locks}};
  if (talker.seniority) {
    object["fromBefore"] = static_cast<std::uint64_t>(talker.seniority->count());
  }
  return object;
}

TalkerInfo talker_of(Fields& fields) {
  TalkerInfo talker{fields.get<std::string>("id"), fields.get<bool>("onAir"),
                    fields.get<bool>("locks")};
  if (fields.contains("fromBefore")) {
    talker.seniority = rooms::Duration(fields.get<std::int64_t>("fromBefore"));
  }
  fields.require(talker.id.size() <= protocol::kMaxPeerIdBytes);
  return talker;
}

json to_json(const TalkerReception& reception) {
  return {{"talker", reception.talker}, {"sums", protocol::encode({reception.sums, {}, {}})}};
}

TalkerReception reception_of(Fields& fields) {
  TalkerReception reception{fields.get<std::string>("talker"), {}};
  const protocol::Decoded decoded = protocol::decode(fields.get<std::string>("sums"));
  const auto* const message = std::get_if<protocol::Message>(&decoded);
  const auto* const sums =
      message == nullptr ? nullptr : std::get_if<protocol::AudienceReception>(&message->body);
  fields.require(sums != nullptr && reception.talker.size() <= protocol::kMaxPeerIdBytes);
  if (sums != nullptr) reception.sums = *sums;
  return reception;
}

json to_json(const RoomShare& share) {
  json talkers = json::array();
  for (const TalkerInfo& talker : share.talkers) talkers.push_back(to_json(talker));
  json object = {{"watching", share.watching},     {"roleless", share.socketio},
                 {"members", share.members},       {"away", share.away},
                 {"forwarders", share.forwarders}, {"talkers", std::move(talkers)}};
  for (const TalkerReception& each : share.receptions)
    object["receptions"].push_back(to_json(each));
  return object;
}

RoomShare share_of(Fields& fields) {
  RoomShare share{.watching = fields.get<std::uint32_t>("watching"),
                  .socketio = fields.get<std::uint32_t>("roleless"),
                  .members = fields.get<std::uint32_t>("members"),
                  .away = fields.get_or<std::uint32_t>("away", 0),
                  .forwarders = fields.get_or<std::uint32_t>("forwarders", 0)};
  fields.for_each("talkers",
                  [&share](Fields& talker) { share.talkers.push_back(talker_of(talker)); });
  if (fields.contains("receptions")) {
    fields.for_each("receptions",
                    [&share](Fields& each) { share.receptions.push_back(reception_of(each)); });
  }
  return share;
}

}  // namespace

std::string subject_word(std::string_view room) {
  std::string token;
  for (const char c : room) {
    const auto byte = static_cast<unsigned char>(c);
    token.push_back(kDigits[byte / 16]);
    token.push_back(kDigits[byte % 16]);
  }
  return token;
}

std::string Subjects::of_room(std::string_view room, std::string_view what) const {
  return prefix_ + ".room." + subject_word(room) + "." + std::string(what);
}

std::string Subjects::frames(std::string_view room, Reach reach) const {
  return of_room(room, name_of(reach));
}

std::string Subjects::share_for(std::string_view room) const {
  return prefix_ + ".process." + self_ + ".part." + subject_word(room);
}

std::string Subjects::members_of(std::string_view room) const {
  return prefix_ + ".process." + self_ + ".members." + subject_word(room);
}

std::string Subjects::undelivered(std::uint64_t number) const {
  return prefix_ + ".process." + self_ + ".undelivered." + std::to_string(number);
}

std::string Subjects::claimed_at(const ProcessId& process, std::string_view peer) const {
  return prefix_ + ".process." + process + ".claimed." + std::string(peer);
}

std::string Subjects::reply_of(rooms::FrameNumber number) const {
  return prefix_ + ".number." + std::to_string(number);
}

rooms::FrameNumber Subjects::number_of(std::string_view reply) const {
  const std::string before = prefix_ + ".number.";
  if (!reply.starts_with(before)) return rooms::kNoNumber;
  return number_in(reply.substr(before.size())).value_or(rooms::kNoNumber);
}

std::optional<Subjects::Topic> Subjects::topic_of(std::string_view subject) const {
  if (!subject.starts_with(prefix_ + ".")) return std::nullopt;
  subject.remove_prefix(prefix_.size() + 1);
  const std::string_view first = next_token(subject);
  using Kind = Topic::Kind;
  if (first == "orders" && subject.empty()) return Topic{Kind::orders};
  if (first == "alive" && subject.empty()) return Topic{Kind::alive};
  if (first == "gone" && subject.empty()) return Topic{Kind::gone};
  if (first == "peer") return Topic{Kind::peer, {}, protocol::PeerId(subject)};
  if (first == "room") {
    auto room = room_of_word(next_token(subject));
    if (!room) return std::nullopt;
    if (subject == "parts") return Topic{Kind::shares, *room};
    if (subject == "ask") return Topic{Kind::ask, *room};
    if (subject == "members") return Topic{Kind::members, *room};
    if (subject == "list") return Topic{Kind::list, *room};
    const auto reach = reach_of(subject);
    if (!reach) return std::nullopt;
    return Topic{Kind::frames, *room, {}, *reach};
  }
  if (first != "process" || next_token(subject) != self_) return std::nullopt;
  const std::string_view what = next_token(subject);
  if (what == "undelivered") {
    const auto number = number_in(subject);
    if (!number) return std::nullopt;
    return Topic{.kind = Kind::undelivered, .number = *number};
  }
  if (what == "claimed") return Topic{Kind::claimed, {}, protocol::PeerId(subject)};
  auto room = room_of_word(next_token(subject));
  if (!room) return std::nullopt;
  if (what == "part") return Topic{Kind::share_for, *room};
  if (what == "members") return Topic{Kind::members_of, *room};
  return std::nullopt;
}

std::optional<ProcessId> decode_process(std::string_view payload) {
  if (!is_process_id(payload)) return std::nullopt;
  return ProcessId(payload);
}

std::string encode(const Share& share) {
  json orphans = json::array();
  for (const Orphan& orphan : share.orphans) {
    orphans.push_back(to_json(orphan.talker));
    orphans.back()["left"] = static_cast<std::uint64_t>(orphan.left.count());
  }
  json object = {
      {"process", share.process}, {"others", share.others}, {"orphans", std::move(orphans)}};
  if (share.share) object["part"] = to_json(*share.share);
  if (share.was_away) object["wasAway"] = true;
  return json_text(object);
}

std::optional<Share> decode_share(std::string_view payload) {
  const json object = parsed(payload);
  Fields fields(object);
  Share share{.process = fields.get<std::string>("process"),
              .share = std::nullopt,
              .others = fields.get<std::vector<std::string>>("others"),
              .was_away = fields.get_or("wasAway", false)};
  fields.require(is_process_id(share.process) &&
                 std::all_of(share.others.begin(), share.others.end(), is_process_id));
  fields.for_each("orphans", [&share](Fields& orphan) {
    const std::chrono::milliseconds left(orphan.get<std::uint32_t>("left"));
    share.orphans.push_back({talker_of(orphan), left});
  });
  if (fields.contains("part")) {
    fields.object("part",
                  [&share](Fields& fields_of_share) { share.share = share_of(fields_of_share); });
  }
  if (!fields.fine()) return std::nullopt;
  return share;
}

std::string encode(const Members& members) {
  json object = {{"process", members.process}, {"come", members.come}, {"gone", members.gone}};
  if (members.ends_list) object["endsList"] = true;
  return json_text(object);
}

std::optional<Members> decode_members(std::string_view payload) {
  const json object = parsed(payload);
  Fields fields(object);
  Members members{fields.get<std::string>("process"), fields.get<std::vector<std::string>>("come"),
                  fields.get<std::vector<std::string>>("gone"), fields.get_or("endsList", false)};
  if (!fields.fine() || !is_process_id(members.process)) return std::nullopt;
  return members;
}

std::string encode(const ToPeer& message) {
  json object = {{"kind", kKindNames.at(static_cast<std::size_t>(message.kind))},
                 {"room", message.room},
                 {"from", message.from},
                 {"reach", name_of(message.reach)}};
  if (message.number != rooms::kNoNumber) object["number"] = message.number;
  if (!message.delivered.empty()) object["told"] = message.delivered;
  if (message.kind == ToPeer::Kind::served_too) {
    object["process"] = message.process;
    object["age"] = std::min<std::uint64_t>(static_cast<std::uint64_t>(message.age.count()),
                                            std::numeric_limits<std::uint32_t>::max());
  }
  std::string text = json_text(object);
  if (has_frame(message.kind)) text.append("\n").append(message.frame);
  return text;
}

std::optional<ToPeer> decode_to_peer(std::string_view payload) {
  const std::string_view head = payload.substr(0, payload.find('\n'));
  payload.remove_prefix(std::min(head.size() + 1, payload.size()));
  const json object = parsed(head);
  Fields fields(object);
  const auto kind =
      std::find(kKindNames.begin(), kKindNames.end(), fields.get<std::string>("kind"));
  const auto reach = reach_of(fields.get<std::string>("reach"));
  ToPeer message{.room = fields.get<std::string>("room"),
                 .from = fields.get<std::string>("from"),
                 .reach = reach.value_or(Reach::everyone),
                 .frame = payload,
                 .number = fields.get_or("number", rooms::kNoNumber),
                 .delivered = fields.get_or("told", std::vector<rooms::FrameNumber>{})};
  if (!fields.fine() || !reach || kind == kKindNames.end()) return std::nullopt;
  message.kind = static_cast<ToPeer::Kind>(kind - kKindNames.begin());
  if (message.kind == ToPeer::Kind::served_too) {
    message.process = fields.get<std::string>("process");
    message.age = std::chrono::milliseconds(fields.get<std::uint32_t>("age"));
    if (!fields.fine() || !is_process_id(message.process)) return std::nullopt;
  }
  if (has_frame(message.kind) && !is_frame(payload)) return std::nullopt;
  return message;
}

rooms::Frame frame_of(const ToPeer& message) {
  return rooms::SharedFrame::from_wire(message.frame, message.number);
}

std::optional<std::string> encode(const rooms::Order& order) {
  const auto kind = name_of(order.kind);
  if (!kind) return std::nullopt;
  json object = {{"kind", *kind}, {"room", order.room}, {"peer", order.peer}};
  if (order.was_member) object["member"] = true;
  return json_text(object);
}

std::optional<rooms::Order> decode_order(std::string_view payload) {
  const json object = parsed(payload);
  Fields fields(object);
  const auto name = fields.get<std::string>("kind");
  using Kind = rooms::Order::Kind;
  for (const Kind kind :
       {Kind::remove_peer, Kind::end_room, Kind::release_slot, Kind::release_forwarder}) {
    if (name != name_of(kind)) continue;
    rooms::Order order{kind, fields.get<std::string>("room"), fields.get<std::string>("peer"),
                       fields.get_or<bool>("member", false)};
    const bool may_be_nobody = kind == Kind::end_room;
    fields.require(order.room.size() <= protocol::kMaxRoomNameBytes);
    fields.require(rooms::is_peer_id(order.peer) || (may_be_nobody && order.peer.empty()));
    if (fields.fine()) return order;
  }
  return std::nullopt;
}

/// A peer's frame has a `from`, one of the server's own a `type`.
bool is_frame(std::string_view payload) {
  if (payload.size() > kMaxFrameBytes || !protocol::is_utf8(payload)) return false;
  const auto members = protocol::members_of(payload);
  return members && std::any_of(members->begin(), members->end(), [](const auto& member) {
           return (member.name == "from" || member.name == "type") &&
                  member.value.token.kind == protocol::JsonToken::Kind::string;
         });
}

}  // namespace onair::cluster
