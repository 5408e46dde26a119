#include "rooms/client.hpp"

namespace onair::rooms {

void Client::send(const Frame& frame) {
  if (is_slow) {
    if (waiting.bytes + frame->text().size() > waiting.bound) {
      closed = protocol::CloseCode::try_again_later;  // as the socket layer does
      return;
    }
    waiting.bytes += frame->text().size();
  }
  frames.push_back(nlohmann::json::parse(frame->text()));
}

News Client::news() {
  News types;
  for (; seen_ < frames.size(); ++seen_) {
    const nlohmann::json& frame = frames[seen_];
    std::string type = frame["type"];
    if (type == "error") type += " " + frame["code"].get<std::string>();
    types.push_back(type);
  }
  return types;
}

std::string Client::id() const {
  return frames.front()["id"];
}

News news_of(Client& client) {
  News news = client.news();
  std::erase(news, "audience");
  return news;
}

}  // namespace onair::rooms
