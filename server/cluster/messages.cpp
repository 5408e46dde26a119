#include "cluster/messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/json_scanner.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::cluster {

using nlohmann::json;
using rooms::Reach;
using rooms::RoomShare;
using rooms::TalkerInfo;

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
constexpr std::array<std::string_view, 5> kKindNames = {"frame", "take_over", "kept", "handed_over",
                                                        "undelivered"};

bool has_frame(ToPeer::Kind kind) {
  return kind == ToPeer::Kind::frame || kind == ToPeer::Kind::buffered;
}

std::string_view name_of(Reach reach) {
  switch (reach) {
    case Reach::everyone:
      return "all";
    case Reach::talkers:
      return "talkers";
    case Reach::socketio:
      return "roleless";
  }
  return "all";
}

std::optional<Reach> reach_of(std::string_view name) {
  for (const Reach reach : {Reach::everyone, Reach::talkers, Reach::socketio}) {
    if (name == name_of(reach)) return reach;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || after != end) return std::nullopt;
  return number;
}

/// The first token, which is taken away with the dot behind it.
std::string_view next_token(std::string_view& subject) {
  const std::string_view token = subject.substr(0, subject.find('.'));
  subject.remove_prefix(std::min(token.size() + 1, subject.size()));
  return token;
}

/// A value of this type by this name; else nothing is well-formed any more.
template <typename Value>
Value get(const json& object, const char* name, bool& fine) {
  const auto found = object.find(name);
  if (found != object.end()) {
    if constexpr (std::is_same_v<Value, std::string>) {
      if (found->is_string()) return found->get<std::string>();
    } else if constexpr (std::is_same_v<Value, bool>) {
      if (found->is_boolean()) return found->get<bool>();
    } else {
      if (found->is_number_unsigned()) return found->get<Value>();
    }
  }
  fine = false;
  return {};
}

json to_json(const TalkerInfo& talker) {
  json object = {{"id", talker.id}, {"onAir", talker.on_air}, {"locks", talker.locks}};
  if (talker.seniority) {
    object["fromBefore"] = static_cast<std::uint64_t>(talker.seniority->count());
  }
  return object;
}

TalkerInfo talker_of(const json& object, bool& fine) {
  TalkerInfo talker{get<std::string>(object, "id", fine), get<bool>(object, "onAir", fine),
                    get<bool>(object, "locks", fine)};
  if (object.contains("fromBefore")) {
    talker.seniority = rooms::Duration(get<std::int64_t>(object, "fromBefore", fine));
  }
  fine = fine && talker.id.size() <= protocol::kMaxPeerIdBytes;
  return talker;
}

/// The objects of an array by this name; else nothing is well-formed any more.
std::vector<json> objects(const json& object, const char* name, bool& fine) {
  const auto found = object.find(name);
  fine = fine && found != object.end() && found->is_array();
  if (!fine) return {};
  const std::vector<json> all(found->begin(), found->end());
  fine = std::all_of(all.begin(), all.end(), [](const json& each) { return each.is_object(); });
  return fine ? all : std::vector<json>{};
}

/// An array of texts by this name; else nothing is well-formed any more.
std::vector<std::string> ids(const json& object, const char* name, bool& fine) {
  const auto found = object.find(name);
  fine = fine && found != object.end() && found->is_array() &&
         std::all_of(found->begin(), found->end(), [](const json& id) { return id.is_string(); });
  return fine ? found->get<std::vector<std::string>>() : std::vector<std::string>{};
}

/// An array of numbers by this name; else nothing is well-formed any more.
std::vector<std::uint64_t> numbers(const json& object, const char* name, bool& fine) {
  const auto found = object.find(name);
  fine = fine && found != object.end() && found->is_array() &&
         std::all_of(found->begin(), found->end(),
                     [](const json& number) { return number.is_number_unsigned(); });
  return fine ? found->get<std::vector<std::uint64_t>>() : std::vector<std::uint64_t>{};
}

json to_json(const RoomShare& share) {
  json talkers = json::array();
  for (const TalkerInfo& talker : share.talkers) talkers.push_back(to_json(talker));
  return {{"watching", share.watching},
          {"roleless", share.socketio},
          {"members", share.members},
          {"talkers", std::move(talkers)}};
}

RoomShare share_of(const json& object, bool& fine) {
  fine = fine && object.is_object();
  if (!fine) return {};
  RoomShare share;
  share.watching = get<std::uint32_t>(object, "watching", fine);
  share.socketio = get<std::uint32_t>(object, "roleless", fine);
  share.members = get<std::uint32_t>(object, "members", fine);
  for (const json& talker : objects(object, "talkers", fine)) {
    share.talkers.push_back(talker_of(talker, fine));
  }
  return share;
}

json parsed(std::string_view payload) {
  return json::parse(payload, nullptr, /*allow_exceptions=*/false);
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
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

std::string Subjects::claimed(std::string_view peer) const {
  return prefix_ + ".process." + self_ + ".claimed." + std::string(peer);
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
  return text_of(object);
}

std::optional<Share> decode_share(std::string_view payload) {
  const json object = parsed(payload);
  bool fine = object.is_object();
  if (!fine) return std::nullopt;
  Share share{get<std::string>(object, "process", fine), std::nullopt};
  share.others = ids(object, "others", fine);
  fine = fine && is_process_id(share.process) &&
         std::all_of(share.others.begin(), share.others.end(), is_process_id);
  for (const json& orphan : objects(object, "orphans", fine)) {
    const std::chrono::milliseconds left(get<std::uint32_t>(orphan, "left", fine));
    share.orphans.push_back({talker_of(orphan, fine), left});
  }
  if (object.contains("part")) share.share = share_of(object["part"], fine);
  if (object.contains("wasAway")) share.was_away = get<bool>(object, "wasAway", fine);
  if (!fine) return std::nullopt;
  return share;
}

std::string encode(const Members& members) {
  json object = {{"process", members.process}, {"come", members.come}, {"gone", members.gone}};
  if (members.ends_list) object["endsList"] = true;
  return text_of(object);
}

std::optional<Members> decode_members(std::string_view payload) {
  const json object = parsed(payload);
  bool fine = object.is_object();
  if (!fine) return std::nullopt;
  Members members{get<std::string>(object, "process", fine), ids(object, "come", fine),
                  ids(object, "gone", fine)};
  if (object.contains("endsList")) members.ends_list = get<bool>(object, "endsList", fine);
  if (!fine || !is_process_id(members.process)) return std::nullopt;
  return members;
}

std::string encode(const ToPeer& message) {
  json object = {{"kind", kKindNames.at(static_cast<std::size_t>(message.kind))},
                 {"room", message.room},
                 {"from", message.from},
                 {"reach", name_of(message.reach)}};
  if (message.number != rooms::kNoNumber) object["number"] = message.number;
  if (!message.delivered.empty()) object["told"] = message.delivered;
  std::string text = text_of(object);
  if (has_frame(message.kind)) text.append("\n").append(message.frame);
  return text;
}

std::optional<ToPeer> decode_to_peer(std::string_view payload) {
  const std::string_view head = payload.substr(0, payload.find('\n'));
  payload.remove_prefix(std::min(head.size() + 1, payload.size()));
  const json object = parsed(head);
  bool fine = object.is_object();
  if (!fine) return std::nullopt;
  const auto kind =
      std::find(kKindNames.begin(), kKindNames.end(), get<std::string>(object, "kind", fine));
  const auto reach = reach_of(get<std::string>(object, "reach", fine));
  ToPeer message{.room = get<std::string>(object, "room", fine),
                 .from = get<std::string>(object, "from", fine),
                 .reach = reach.value_or(Reach::everyone),
                 .frame = payload};
  if (object.contains("number")) message.number = get<std::uint64_t>(object, "number", fine);
  if (object.contains("told")) message.delivered = numbers(object, "told", fine);
  if (!fine || !reach || kind == kKindNames.end()) return std::nullopt;
  message.kind = static_cast<ToPeer::Kind>(kind - kKindNames.begin());
  if (has_frame(message.kind) && !is_frame(payload)) return std::nullopt;
  return message;
}

rooms::Frame frame_of(const ToPeer& message) {
  return std::make_shared<const rooms::SharedFrame>(message.frame, message.number);
}

std::string encode(const rooms::Order& order) {
  const bool ends = order.kind == rooms::Order::Kind::end_room;
  return text_of(
      {{"kind", ends ? "end_room" : "remove_peer"}, {"room", order.room}, {"peer", order.peer}});
}

std::optional<rooms::Order> decode_order(std::string_view payload) {
  const json object = parsed(payload);
  bool fine = object.is_object();
  if (!fine) return std::nullopt;
  const auto kind = get<std::string>(object, "kind", fine);
  rooms::Order order{rooms::Order::Kind::end_room, get<std::string>(object, "room", fine),
                     get<std::string>(object, "peer", fine)};
  if (kind == "remove_peer") order.kind = rooms::Order::Kind::remove_peer;
  fine = fine && (kind == "remove_peer" || kind == "end_room");
  if (!fine) return std::nullopt;
  return order;
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
