// Connections that wait for their client's next request, where each holds much memory meanwhile.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <utility>

namespace onair::net {

/// Of more than so many, the one that has waited longest is closed: a client that is still there
/// connects again. Is used on one thread alone, and outlives its slots.
class WaitingConnections {
 public:
  explicit WaitingConnections(std::size_t most) : most_(most) {}

  /// A connection that waits, for as long as this lives.
  class Slot {
   public:
    /// `close` ends the connection; its pending operation fails later.
    Slot(WaitingConnections& all, std::function<void()> close)
        : all_(all), close_(std::move(close)), entry_(all.slots_.insert(all.slots_.end(), this)) {
      all.close_oldest();
    }
    ~Slot() {
      if (!closed_) all_.slots_.erase(entry_);
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    friend class WaitingConnections;

    WaitingConnections& all_;
    std::function<void()> close_;
    std::list<Slot*>::iterator entry_;
    bool closed_ = false;
  };

 private:
  void close_oldest() {
    if (slots_.size() <= most_) return;
    Slot& oldest = *slots_.front();
    slots_.pop_front();
    oldest.closed_ = true;
    oldest.close_();
  }

  const std::size_t most_;
  std::list<Slot*> slots_;  ///< since longest first
};

}  // namespace onair::net
