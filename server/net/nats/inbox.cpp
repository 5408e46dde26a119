#include "net/nats/inbox.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace onair::net {

void Inbox::post(std::size_t bytes, Handler handler) {
  const std::lock_guard lock(mutex_);
  if (context_ == nullptr || (drops_ && bytes > 0)) return;
  if (bytes_ + bytes > most_bytes_) return drop_and_resume();
  bytes_ += bytes;
  boost::asio::post(*context_, [this, bytes, handler = std::move(handler)] {
    {
      const std::lock_guard handled(mutex_);
      bytes_ -= bytes;
    }
    handler(*member_);
  });
}

void Inbox::drop_and_resume() {
  drops_ = true;
  spdlog::warn("event=bus_overflow action=drop bytes={}", bytes_);
  boost::asio::post(*context_, [this] {
    member_->disconnected();
    {
      const std::lock_guard handled(mutex_);
      drops_ = false;
    }
    member_->connected(std::chrono::steady_clock::now());
  });
}

void Inbox::on_closed(std::function<void(const std::string&)> function) {
  const std::lock_guard lock(mutex_);
  closed_ = std::move(function);
}

void Inbox::post_closed(const std::string& error) {
  const std::lock_guard lock(mutex_);
  if (context_ == nullptr) return;
  boost::asio::post(*context_, [this, error] { closed_(error); });
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
}

}  // namespace onair::net
