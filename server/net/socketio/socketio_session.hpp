// A client of socket.io on the thread of its worker. Its HTTP requests and its WebSocket may be
// served by other threads; they meet here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/loop/admission.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"
#include "net/socketio/session_owner.hpp"
#include "net/websocket/output_queue.hpp"
#include "socketio/session.hpp"

namespace onair::net {

/// Cost of a packet, in bytes, while it waits for a WebSocket.
inline std::size_t handed_over_cost(const rooms::SharedFrame& packet) {
  return packet.websocket().size() + rooms::kQueueEntryCost;
}

/// A WebSocket that carries a session's packets.
class SocketioCarrier {
 public:
  virtual void send(const rooms::Frame& packet) = 0;
  virtual void close(protocol::CloseCode code) = 0;

 protected:
  ~SocketioCarrier() = default;
};

/// Reference from other threads to an object of a worker's thread. It never holds the object, so
/// that the object also ends there.
template <typename Held>
class Remote {
 public:
  Remote() = default;
  Remote(std::weak_ptr<Held> held, Worker& worker) : held_(std::move(held)), worker_(&worker) {}

  /// Calls `function` with it on its own thread, if it is there still. `here` is the caller's
  /// worker.
  template <typename Function>
  void call(const Worker& here, Function function) const {
    call(here, std::move(function), [](const Worker&) {});
  }

  /// The same; where it is gone, calls `otherwise` with its worker, on that one's thread.
  template <typename Function, typename Otherwise>
  void call(const Worker& here, Function function, Otherwise otherwise) const {
    if (worker_ == nullptr) return;
    if (worker_ == &here) return call_here(function, otherwise);
    asio::post(worker_->context(),
               [*this, function = std::move(function), otherwise = std::move(otherwise)] {
                 worker_->tick().run([&] { call_here(function, otherwise); });
               });
  }

 private:
  template <typename Function, typename Otherwise>
  void call_here(Function& function, Otherwise& otherwise) const {
    if (const auto object = held_.lock()) {
      function(*object);
    } else {
      otherwise(*worker_);
    }
  }

  std::weak_ptr<Held> held_;
  Worker* worker_ = nullptr;
};

class SocketioSession final : public ClientLink,
                              public Flushable,
                              public std::enable_shared_from_this<SocketioSession>,
                              private socketio::SessionHost {
 public:
  /// Gets the body of the answer to a poll, or nothing where the poll may not be.
  using PollAnswer = std::function<void(std::optional<std::string>)>;

  SocketioSession(Worker& worker, socketio::SessionOptions options, ConnectionSlots slots,
                  RequestSender opener);

  /// Makes it one of its worker's, until it ends. `carrier` is the WebSocket that it begins on.
  void start(Remote<SocketioCarrier> carrier = {}, std::shared_ptr<OutputGauge> gauge = {});

  Worker& worker() const { return worker_; }

  /// True where a request is for this session.
  bool fits(socketio::Revision revision, const RequestSender& sender);
  const SessionOwner& owner() const { return owner_; }

  // As in socketio::Session:
  void poll(PollAnswer answer);
  void poll_broken_off();
  bool receive_payload(std::string_view body);
  /// The number by which the WebSocket speaks to the session, or nothing where none can come.
  std::optional<std::uint32_t> probe();
  /// The WebSocket with this number has come. It is closed where nobody waits for it any more.
  void probed_by(std::uint32_t carrier_id, Remote<SocketioCarrier> carrier,
                 std::shared_ptr<OutputGauge> gauge);
  void receive_on_websocket(std::uint32_t carrier_id, std::string_view text);
  void websocket_closed(std::uint32_t carrier_id);
  void refuse_on_websocket(const protocol::Refusal& refusal) { core_.refuse(refusal); }

  /// Counts what cost the server work and was no message.
  void charge(std::size_t bytes) { spend(bytes); }

  bool is_polling() const override { return core_.is_polling(); }
  void send(const rooms::Frame& frame) override;
  void close(protocol::CloseCode code) override;
  rooms::SendQueue queue() const override {
    const bool by_websocket = !is_polling() && gauge_ != nullptr;
    return {by_websocket ? gauge_->waiting() : core_.queue_bytes(),
            worker_.limits().send_queue_bytes};
  }
  void break_ownership_cycle() override { worker_.socketio_sessions.erase(sid_); }
  void flush() override;

 private:
  void answer_poll(std::string payload) override;
  std::size_t websocket_backlog() const override;
  void send_on_websocket(const rooms::Frame& packet) override;
  void close_websocket(protocol::CloseCode code) override;
  void overflowed() override;
  void ended() override;
  void enter(const rooms::EntryRequest& request) override;
  void send(const protocol::Envelope& envelope, std::string_view object) override;
  void leave() override;
  void refuse(const protocol::Refusal& refusal) override;
  bool spend(std::size_t bytes) override;
  bool is_entering() const override { return waits_for != nullptr; }

  /// After whatever may have given the session something to do.
  void after_news();
  void later(void (SocketioSession::*function)());
  void go_on();
  void leave_the_room() { worker_.leave(*this); }
  void advance();

  Worker& worker_;
  ConnectionSlots slots_;
  std::string sid_;
  SessionOwner owner_;
  socketio::Revision revision_;
  socketio::Session core_;
  ByteShare share_{worker_.tick().output_budget};  ///< what waits to be fetched
  PollAnswer poll_answer_;
  Remote<SocketioCarrier> carrier_;
  std::shared_ptr<OutputGauge> gauge_;  ///< of that
  std::uint32_t last_carrier_id_ = 0;   ///< an earlier one says nothing any more
  bool flush_is_due_ = false;
  Timer timer_;
  std::optional<rooms::TimePoint> wake_at_;
};

}  // namespace onair::net
