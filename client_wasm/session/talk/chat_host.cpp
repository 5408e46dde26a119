#include "session/talk/chat_host.hpp"

#include <algorithm>
#include <utility>

namespace onair::session {

std::vector<ChatMessage> ChatHost::begin(const PeerId& viewer) const {
  std::vector<ChatMessage> messages = {protocol::ChatBegin{is_muted(viewer)}};
  for (const Kept& kept : kept_) {
    ChatLine line = kept.line;
    line.yours = kept.author == viewer;
    if (line.yours) line.said = kept.said;
    messages.emplace_back(std::move(line));
  }
  return messages;
}

bool ChatHost::has_taken(const PeerId& viewer, const protocol::ChatSay& say) const {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end() || !say.id) return false;
  const std::vector<protocol::SayId>& said = found->second.said;
  return std::find(said.begin(), said.end(), *say.id) != said.end();
}

std::variant<ChatLine, ChatRefused> ChatHost::receive(const PeerId& viewer,
                                                      const protocol::ChatSay& say, TimePoint now) {
  using Reason = ChatRefused::Reason;
  Viewer& author = viewers_[viewer];
  if (author.muted) return ChatRefused{Reason::muted};
  if (!author.lines.take(kLines, now)) return ChatRefused{Reason::too_fast};
  auto line = protocol::line_of(say.name, say.text);
  if (!line) return ChatRefused{Reason::too_long};
  line->name = author.name = name_for(viewer, std::move(line->name));
  if (say.id) {
    if (author.said.size() == kMaxSaid) author.said.erase(author.said.begin());
    author.said.push_back(*say.id);
  }
  return keep(viewer, {0, std::move(line->name), std::move(line->text)}, say.id);
}

std::optional<ChatLine> ChatHost::post(std::string_view name, std::string_view text) {
  auto line = protocol::line_of(name, text);
  if (!line) return std::nullopt;
  return keep({}, {0, std::move(line->name), std::move(line->text), /*by_talker=*/true});
}

bool ChatHost::remove(ChatLineId id) {
  return std::erase_if(kept_, [id](const Kept& kept) { return kept.line.id == id; }) > 0;
}

bool ChatHost::is_muted(const PeerId& viewer) const {
  const auto found = viewers_.find(viewer);
  return found != viewers_.end() && found->second.muted;
}

std::string ChatHost::name_of(const PeerId& viewer) const {
  const auto found = viewers_.find(viewer);
  return found == viewers_.end() ? std::string() : found->second.name;
}

void ChatHost::set_name(const PeerId& viewer, std::string_view name) {
  // Whoever made the token may have put in what no line may have.
  const auto line = protocol::line_of(name, "-");
  Viewer& called = viewers_[viewer];
  called.name = line ? line->name : std::string();
  called.has_token_name = true;
  for (auto& [id, other] : viewers_) {
    if (!other.has_token_name && other.name == called.name) other.name.clear();
  }
}

std::string ChatHost::name_for(const PeerId& viewer, std::string claimed) const {
  const Viewer& author = viewers_.at(viewer);
  if (author.has_token_name) return author.name;
  const bool is_taken =
      std::any_of(viewers_.begin(), viewers_.end(), [&claimed](const auto& entry) {
        return entry.second.has_token_name && entry.second.name == claimed;
      });
  return is_taken ? std::string() : claimed;
}

ChatLine ChatHost::keep(PeerId author, ChatLine line, std::optional<protocol::SayId> said) {
  line.id = ++last_id_;
  if (kept_.size() == kKeptLines) kept_.pop_front();
  kept_.push_back({std::move(author), line, said});
  return line;
}

}  // namespace onair::session
