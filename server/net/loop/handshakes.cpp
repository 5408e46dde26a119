#include "net/loop/handshakes.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/bind_executor.hpp>

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

/// In the list of those that wait, for as long as it lives or until it has a slot.
struct Handshakes::Waiter {
  Waiter(Handshakes& its_all, std::string its_address, TimePoint until)
      : all(its_all), address(std::move(its_address)), bell(all.steps_.context(), until) {
    all.waiters_.push_back(this);
  }
  ~Waiter() { all.waiters_.remove(this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Handshakes& all;
  const std::string address;
  Timer bell;  ///< cancelled when it gets a slot
  std::unique_ptr<Slot> slot;
};

Handshakes::Slot::Slot(Handshakes& all, const std::string& address, TimePoint since)
    : all_(all), open_(all.open_.insert(all.open_.end(), Open{address, since})) {
  ++all_.by_address_[address];
}

// NOLINTNEXTLINE(bugprone-exception-escape): throws where no memory is left, which ends the process
Handshakes::Slot::~Slot() {
  const auto count = all_.by_address_.find(open_->address);
  if (--count->second == 0) all_.by_address_.erase(count);
  all_.open_.erase(open_);
  all_.admit();
}

Task<std::unique_ptr<Handshakes::Slot>> Handshakes::enter(std::string address, TimePoint until) {
  Waiter waiter(*this, std::move(address), until);
  admit();
  while (!waiter.slot && Clock::now() < until) co_await waiter.bell.async_wait(no_throw);
  // Waits for a step's turn too, since the caller makes the first step next.
  if (waiter.slot) {
    co_await asio::post(asio::bind_executor(steps_.executor(), asio::use_awaitable_t<Executor>()));
  }
  co_return std::move(waiter.slot);
}

Task<Handshakes::Result> Handshakes::accept(SslStream& stream, asio::const_buffer read,
                                            Slot& slot) {
  Open& open = *slot.open_;
  if (open.gives_way) co_return Result{asio::error::operation_aborted};
  open.stream = &beast::get_lowest_layer(stream);
  auto [error, used] = co_await stream.async_handshake(
      asio::ssl::stream_base::server, read, asio::bind_executor(steps_.executor(), no_throw));
  open.stream = nullptr;
  // It may have been done already when it was closed.
  if (open.gives_way) co_return Result{asio::error::operation_aborted};
  co_return Result{error, used};
}

void Handshakes::clear() {
  is_cleared_ = true;
  timeout_.reset();
  steps_.clear();
}

/// Gives those that wait a slot, as far as there are some.
void Handshakes::admit() {
  while (!is_cleared_ && !waiters_.empty()) {
    Waiter& next = next_waiter();
    if (open_.size() >= most_) return make_room(next.address);
    next.slot = std::make_unique<Slot>(*this, next.address, Clock::now());
    waiters_.remove(&next);
    next.bell.cancel();
  }
}

std::size_t Handshakes::count_of(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? 0 : found->second;
}

Handshakes::Waiter& Handshakes::next_waiter() {
  return **std::min_element(waiters_.begin(), waiters_.end(), [this](auto* a, auto* b) {
    return count_of(a->address) < count_of(b->address);
  });
}

Handshakes::Opens::iterator Handshakes::oldest_of_the_richest() {
  return std::max_element(open_.begin(), open_.end(), [this](const Open& a, const Open& b) {
    return count_of(a.address) < count_of(b.address);
  });
}

/// Closes one handshake at most. Its slot is free when its coroutine has ended.
void Handshakes::make_room(const std::string& newcomer) {
  const auto gives_way = [](const Open& open) { return open.gives_way; };
  if (std::any_of(open_.begin(), open_.end(), gives_way)) return;
  const TimePoint due = open_.front().since + kTimeout;
  auto victim = open_.begin();
  if (Clock::now() < due) {
    victim = oldest_of_the_richest();
    if (count_of(victim->address) < count_of(newcomer) + 2) {
      timeout_.emplace(steps_.context(), due);
      return timeout_->async_wait([this](error_code error) {
        if (!error) admit();
      });
    }
  }
  victim->gives_way = true;
  if (victim->stream != nullptr) victim->stream->close();
}

}  // namespace onair::net
