#include "protocol/chat.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::protocol {
namespace {

using nlohmann::json;

std::optional<std::string> text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get_ref<const std::string&>();
}

std::optional<std::uint32_t> number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  if (value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

/// Absent is false.
bool flag_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::optional<ChatMessage> say_in(const json& object) {
  auto text = text_in(object, "text");
  if (!text) return std::nullopt;
  return ChatSay{text_in(object, "name").value_or(""), *std::move(text), number_in(object, "id")};
}

std::optional<ChatMessage> line_in(const json& object) {
  const auto id = number_in(object, "id");
  auto line = line_of(text_in(object, "name").value_or(""), text_in(object, "text").value_or(""));
  if (!id || !line) return std::nullopt;
  return ChatLine{*id,
                  std::move(line->name),
                  std::move(line->text),
                  flag_in(object, "host"),
                  flag_in(object, "yours"),
                  number_in(object, "said")};
}

std::optional<ChatMessage> removed_in(const json& object) {
  const auto id = number_in(object, "id");
  if (!id) return std::nullopt;
  return ChatRemoved{*id};
}

std::optional<ChatMessage> refused_in(const json& object) {
  using Reason = ChatRefused::Reason;
  const auto name = text_in(object, "reason");
  for (const Reason reason : {Reason::too_fast, Reason::too_long, Reason::muted}) {
    if (name == name_of(reason)) return ChatRefused{reason, number_in(object, "said")};
  }
  return std::nullopt;
}

std::optional<Sent> sent_in(const json& object, const char* name) {
  const auto text = text_in(object, name);
  for (const Sent sent : {Sent::live, Sent::none, Sent::interrupted}) {
    if (text == name_of(sent)) return sent;
  }
  return std::nullopt;
}

std::optional<ChatMessage> media_in(const json& object) {
  const auto picture = sent_in(object, "picture");
  const auto sound = sent_in(object, "sound");
  if (!picture || !sound) return std::nullopt;
  return ChatMedia{*picture, *sound};
}

json written(const ChatSay& say) {
  json object = {{"type", "say"}, {"name", say.name}, {"text", say.text}};
  if (say.id) object["id"] = *say.id;
  return object;
}
json written(const ChatBegin& begin) {
  return {{"type", "begin"}, {"muted", begin.muted}};
}
json written(const ChatLine& line) {
  json object = {{"type", "line"}, {"id", line.id}, {"name", line.name}, {"text", line.text}};
  if (line.by_talker) object["host"] = true;
  if (line.yours) object["yours"] = true;
  if (line.said) object["said"] = *line.said;
  return object;
}
json written(const ChatRemoved& removed) {
  return {{"type", "removed"}, {"id", removed.id}};
}
json written(const ChatMuted& muted) {
  return {{"type", "muted"}, {"muted", muted.muted}};
}
json written(const ChatRefused& refused) {
  json object = {{"type", "refused"}, {"reason", name_of(refused.reason)}};
  if (refused.said) object["said"] = *refused.said;
  return object;
}
json written(const ChatMedia& media) {
  return {{"type", "media"}, {"picture", name_of(media.picture)}, {"sound", name_of(media.sound)}};
}

/// Line breaks are none.
bool has_control_in_line(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (has_control(line)) return true;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return false;
}

}  // namespace

std::string_view name_of(ChatRefused::Reason reason) {
  switch (reason) {
    case ChatRefused::Reason::too_fast: return "too_fast";
    case ChatRefused::Reason::too_long: return "too_long";
    case ChatRefused::Reason::muted: return "muted";
  }
  return "too_fast";
}

std::string_view name_of(Sent sent) {
  switch (sent) {
    case Sent::live: return "live";
    case Sent::none: return "none";
    case Sent::interrupted: return "interrupted";
  }
  return "live";
}

std::optional<ChatSay> line_of(std::string_view name, std::string_view text) {
  ChatSay line{without_bidi_controls(name), without_bidi_controls(text)};
  if (line.name.size() > kMaxChatNameBytes || line.text.size() > kMaxChatTextBytes ||
      line.text.find_first_not_of(" \n") == std::string::npos || has_control(line.name) ||
      has_control_in_line(line.text)) {
    return std::nullopt;
  }
  return line;
}

std::string encode_chat(const ChatMessage& message) {
  return std::visit([](const auto& kind) { return json_text(written(kind)); }, message);
}

std::optional<ChatMessage> decode_chat(std::string_view frame) {
  if (frame.size() > kMaxTextBytes) return std::nullopt;
  const json object = parse_json(frame);
  if (!object.is_object()) return std::nullopt;
  const auto type = text_in(object, "type");
  if (type == "say") return say_in(object);
  if (type == "begin") return ChatBegin{flag_in(object, "muted")};
  if (type == "line") return line_in(object);
  if (type == "removed") return removed_in(object);
  if (type == "muted") return ChatMuted{flag_in(object, "muted")};
  if (type == "refused") return refused_in(object);
  if (type == "media") return media_in(object);
  return std::nullopt;
}

}  // namespace onair::protocol
