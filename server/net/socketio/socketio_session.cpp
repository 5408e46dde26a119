#include "net/socketio/socketio_session.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

SocketioSession::SocketioSession(Worker& worker, socketio::SessionOptions options,
                                 ConnectionSlots slots, RequestSender opener)
    : worker_(worker),
      slots_(std::move(slots)),
      sid_(options.sid),
      owner_(options.revision, std::move(opener)),
      revision_(options.revision),
      core_(std::move(options), *this, Clock::now()),
      timer_(worker.context()) {
  address = worker.address_of(slots_.client.address);
}

void SocketioSession::start(Remote<SocketioCarrier> carrier, std::shared_ptr<OutputGauge> gauge) {
  carrier_ = std::move(carrier);
  gauge_ = std::move(gauge);
  worker_.socketio_sessions.emplace(sid_, shared_from_this());
  worker_.connected(shared_from_this());
  core_.start();
  after_news();
}

bool SocketioSession::fits(socketio::Revision revision, const RequestSender& sender) {
  return revision == revision_ && owner_.sends(sender);
}

// Input from the client's connections.

void SocketioSession::poll(PollAnswer answer) {
  // Two polls at a time: the session answers the first and ends.
  if (poll_answer_ || !is_polling()) {
    answer(std::nullopt);
    core_.poll();
    return after_news();
  }
  poll_answer_ = std::move(answer);
  core_.poll();
  after_news();
}

void SocketioSession::poll_broken_off() {
  poll_answer_ = nullptr;
  core_.poll_broken_off();
}

bool SocketioSession::receive_payload(std::string_view body) {
  const bool fine = core_.receive_payload(body, Clock::now());
  after_news();
  return fine;
}

std::optional<std::uint32_t> SocketioSession::probe() {
  if (!core_.probe(Clock::now())) return std::nullopt;
  after_news();
  return ++last_carrier_id_;
}

void SocketioSession::probed_by(std::uint32_t carrier_id, Remote<SocketioCarrier> carrier,
                                std::shared_ptr<OutputGauge> gauge) {
  if (carrier_id != last_carrier_id_ || !core_.awaits_websocket()) {
    return carrier.call(
        worker_, [](SocketioCarrier& late) { late.close(protocol::CloseCode::policy_violation); });
  }
  carrier_ = std::move(carrier);
  gauge_ = std::move(gauge);
}

void SocketioSession::receive_on_websocket(std::uint32_t carrier_id, std::string_view text) {
  if (carrier_id != last_carrier_id_) return;
  core_.receive_on_websocket(text, Clock::now());
  if (!is_polling()) slots_.connection.reset();  // the WebSocket has one of its own
  after_news();
}

void SocketioSession::websocket_closed(std::uint32_t carrier_id) {
  if (carrier_id != last_carrier_id_) return;
  core_.websocket_closed();
  after_news();
}

// Input from the hub.

void SocketioSession::send(const rooms::Frame& frame) {
  core_.deliver(*frame, worker_.translator.packet_for(frame));
  if (core_.awaits_entry()) later(&SocketioSession::go_on);
  after_news();
}

void SocketioSession::close(protocol::CloseCode code) {
  core_.close(code, Clock::now());
  // The client may take its time to fetch the last packets.
  if (is_polling()) later(&SocketioSession::leave_the_room);
  after_news();
}

void SocketioSession::later(void (SocketioSession::*function)()) {
  worker_.tick().later([weak = weak_from_this(), function] {
    if (const auto self = weak.lock()) ((*self).*function)();
  });
}

void SocketioSession::go_on() {
  core_.go_on();
  after_news();
}

// Outputs of the session.

void SocketioSession::answer_poll(std::string payload) {
  if (const PollAnswer answer = std::exchange(poll_answer_, nullptr)) answer(std::move(payload));
}

std::size_t SocketioSession::websocket_backlog() const {
  return gauge_ ? gauge_->waiting() : 0;
}

void SocketioSession::send_on_websocket(const rooms::Frame& packet) {
  if (gauge_) gauge_->handed_over += handed_over_cost(*packet);
  carrier_.call(worker_, [packet](SocketioCarrier& carrier) { carrier.send(packet); });
}

void SocketioSession::close_websocket(protocol::CloseCode code) {
  carrier_.call(worker_, [code](SocketioCarrier& carrier) { carrier.close(code); });
}

void SocketioSession::overflowed() {
  worker_.count_slow_consumer();
  spdlog::info("event=slow_consumer action=close transport={}",
               is_polling() ? "polling" : "websocket");
  close(protocol::CloseCode::try_again_later);
}

void SocketioSession::ended() {
  const auto self = shared_from_this();  // what holds it is about to let go
  timer_.cancel();
  worker_.socketio_sessions.erase(sid_);
  worker_.disconnected(*this, rooms::Hub::Leaving::for_good);
}

void SocketioSession::enter(const rooms::EntryRequest& request) {
  worker_.enter(*this, request);
}

void SocketioSession::send(const protocol::Envelope& envelope, std::string_view object) {
  worker_.send(*this, envelope, object);
}

void SocketioSession::leave() {
  worker_.leave(*this);
}

void SocketioSession::refuse(const protocol::Refusal& refusal) {
  worker_.refuse(*this, refusal);
}

bool SocketioSession::spend(std::size_t bytes) {
  return worker_.spend(*this, bytes);
}

void SocketioSession::flush() {
  flush_is_due_ = false;
  worker_.tick().run([this] { core_.flush(); });
}

void SocketioSession::after_news() {
  share_.set_bytes(core_.queue_bytes());
  if (share_.is_beyond_fair_share()) overflowed();
  if (poll_answer_ && !std::exchange(flush_is_due_, true)) {
    worker_.tick().flush_at_end(std::shared_ptr<Flushable>(shared_from_this(), this));
  }
  const auto due = core_.next_deadline();
  if (due == wake_at_) return;
  wake_at_ = due;
  timer_.cancel();
  if (!due) return;
  timer_.expires_at(*due);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;  // another moment was set
    self->worker_.tick().run([&self] { self->advance(); });
  });
}

void SocketioSession::advance() {
  wake_at_.reset();
  core_.advance(Clock::now());
  after_news();
}

}  // namespace onair::net
