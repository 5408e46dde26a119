#include "sfu/net/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>

namespace onair::sfu {
namespace {

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

/// Rounds up: an early tick finds nothing to do and would come again at once.
int milliseconds_until(std::optional<TimePoint> deadline) {
  using std::chrono::milliseconds;
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now());
  return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 3'600'000));
}

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) fail("epoll_create1");
}

TimePoint EventLoop::tick(std::optional<TimePoint> deadline) {
  std::array<epoll_event, 256> ready;
  const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()),
                               milliseconds_until(deadline));
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  const TimePoint now = Clock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event event = ready[static_cast<std::size_t>(i)];
    const std::uint64_t id = event.data.u64;  // a copy: the system's struct is packed
    const auto found = handlers_.find(id);
    if (found == handlers_.end()) continue;  // an earlier handler of this tick ended its watch
    const std::shared_ptr<Handler> handler = found->second;  // it may end its own
    (*handler)(event.events, now);
  }
  return now;
}

Watch::Watch(EventLoop& loop, int descriptor, std::uint32_t events, EventLoop::Handler handler)
    : loop_(&loop), descriptor_(descriptor), id_(++loop.last_id_), events_(events) {
  epoll_event event{.events = events, .data = {.u64 = id_}};
  if (epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
  loop.handlers_.emplace(id_, std::make_shared<EventLoop::Handler>(std::move(handler)));
}

Watch& Watch::operator=(Watch&& other) noexcept {
  std::swap(loop_, other.loop_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(id_, other.id_);
  std::swap(events_, other.events_);
  return *this;
}

Watch::~Watch() {
  if (loop_ == nullptr) return;
  epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, descriptor_, nullptr);
  loop_->handlers_.erase(id_);
}

void Watch::change(std::uint32_t events) {
  if (events == events_) return;
  events_ = events;
  epoll_event event{.events = events, .data = {.u64 = id_}};
  if (epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_MOD, descriptor_, &event) != 0) fail("epoll_ctl");
}

}  // namespace onair::sfu
