// socket.io's codecs read whatever comes and write what they can read; sessions that are fed with
// it keep what they promise, and in the end nobody is left in the relay.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "fuzz/targets.hpp"
#include "protocol/text.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "socketio/session.hpp"
#include "socketio/translation.hpp"

namespace {

using namespace onair;
using fuzz::check;
using socketio::EnginePacket;
using socketio::Revision;

class NoTokens final : public rooms::ResumeTokens {
 public:
  std::string issue(const rooms::Identity& identity) override { return identity.id; }
  std::optional<rooms::Resumption> redeem(std::string_view, std::string_view,
                                          protocol::Role) override {
    return std::nullopt;
  }
};

bool is_json(std::string_view text) {
  return nlohmann::json::accept(text);
}

/// Packets to a client must be readable.
void check_packet(std::string_view text) {
  const auto decoded = socketio::decode_packet(text);
  const auto* engine = std::get_if<EnginePacket>(&decoded);
  check(engine != nullptr, "what is sent is a packet of Engine.IO");
  if (engine->kind != EnginePacket::Kind::message) return;
  const auto inner = socketio::decode(engine->data);
  const auto* packet = std::get_if<socketio::Packet>(&inner);
  check(packet != nullptr, "what is sent is a packet of Socket.IO");
  check(packet->data.empty() || is_json(packet->data), "its data is JSON");
  if (packet->kind == socketio::Packet::Kind::event) {
    check(socketio::decode_event(packet->data).has_value(), "it is an event");
  }
}

void check_payload_codec(Revision revision, std::string_view body) {
  const auto decoded = socketio::decode_payload(revision, body);
  const auto* packets = std::get_if<std::vector<EnginePacket>>(&decoded);
  if (packets == nullptr) return;
  check(!packets->empty(), "a payload has packets");
  socketio::PayloadEncoder encoder(revision);
  for (const EnginePacket& packet : *packets) encoder.add(socketio::encode_packet(packet));
  const std::string encoded = encoder.take();
  const auto again = socketio::decode_payload(revision, encoded);
  check(std::get_if<std::vector<EnginePacket>>(&again) != nullptr &&
            std::get<std::vector<EnginePacket>>(again) == *packets,
        "what is written is read as the same");
}

void check_event(std::string_view data) {
  const auto event = socketio::decode_event(data);
  if (!event) return;
  check(is_json(data), "an event is JSON");
  const auto read = socketio::read_message(event->arguments);
  if (const auto* message = std::get_if<socketio::ClientMessage>(&read)) {
    const auto object = nlohmann::json::parse(message->object, nullptr, false);
    check(object.is_object() && !object.contains("from"), "an object without `from`");
    std::string stamped;
    protocol::append_stamped(stamped, message->object, "5f0c");
    check(nlohmann::json::parse(stamped, nullptr, false)["from"] == "5f0c", "the stamp is there");
    const rooms::Frame frame = rooms::SharedFrame::from_wire(stamped);
    check(frame->from() == "5f0c", "the stamp is known");
    if (const auto packet = socketio::packet_for(*frame)) check_packet(*packet);
  }
}

constexpr std::size_t kQueueBytes = 2'000;

class Client final : public rooms::Link, private socketio::SessionHost {
 public:
  Client(rooms::Hub& hub, rooms::TimePoint& now, int number)
      : hub_(hub),
        now_(now),
        id_("id" + std::to_string(number)),
        revision_(number % 2 == 0 ? Revision::v4 : Revision::v3),
        websocket_(number % 4 >= 2),
        session_({.revision = revision_,
                  .sid = id_,
                  .id = id_,
                  .starts_on_websocket = websocket_,
                  .max_message_bytes = 500,
                  .max_queue_bytes = kQueueBytes},
                 *this, now) {
    session_.start();
    if (revision_ == Revision::v4 && websocket_) session_.receive_on_websocket("40", now_);
  }

  void send(const rooms::Frame& frame) override {
    check(!over_, "the hub does not speak to who is gone");
    session_.deliver(*frame, translator_.packet_for(frame));
    check_queue();
  }
  void close(protocol::CloseCode code) override { session_.close(code, now_); }
  rooms::SendQueue queue() const override { return {session_.queue_bytes(), kQueueBytes}; }

  void step(unsigned char what, std::string_view text) {
    if (over_) return;
    backlog_ = what % 16 < 8 ? 0 : kQueueBytes;
    const bool is_text = protocol::is_utf8(text);
    switch (what % 8) {
      case 0:
      case 1:
        if (websocket_ && is_text) session_.receive_on_websocket(text, now_);
        if (!websocket_) session_.receive_payload(text, now_);
        break;
      case 2:
        if (!websocket_ && !poll_waits_) {
          poll_waits_ = true;
          session_.poll();
        }
        break;
      case 3:
        if (session_.probe(now_)) {
          websocket_ = true;
          open_websockets_ = 1;
        }
        break;
      case 4:
        if (websocket_) {
          websocket_ = !session_.is_polling() && websocket_;
          open_websockets_ = 0;
          session_.websocket_closed();
        }
        break;
      case 5: session_.receive_payload(text, now_); break;
      case 6:
        if (poll_waits_) {
          poll_waits_ = false;
          session_.poll_broken_off();
        }
        break;
      default: session_.flush();
    }
    check_queue();
  }
  void advance() {
    if (over_) return;
    session_.advance(now_);
    if (!over_) session_.go_on();
  }
  bool is_over() const { return over_; }

 private:
  void check_queue() {
    constexpr std::size_t last_packet = 100;
    check(session_.queue_bytes() <= kQueueBytes + last_packet, "the queue keeps its bound");
  }
  void answer_poll(std::string payload) override {
    check(std::exchange(poll_waits_, false), "a poll is answered once");
    const auto decoded = socketio::decode_payload(revision_, payload);
    const auto* packets = std::get_if<std::vector<EnginePacket>>(&decoded);
    check(packets != nullptr, "a poll is answered by packets");
    for (const EnginePacket& packet : *packets) check_packet(socketio::encode_packet(packet));
  }
  std::size_t websocket_backlog() const override { return backlog_; }
  void send_on_websocket(const rooms::Frame& packet) override { check_packet(packet->text()); }
  void close_websocket(protocol::CloseCode) override {
    check(std::exchange(open_websockets_, 0) == 1, "a WebSocket that is there is closed once");
    websocket_ = false;
  }
  void overflowed() override { close(protocol::CloseCode::try_again_later); }
  void ended() override {
    check(open_websockets_ == 0, "no WebSocket outlives its session");
    leave();
    check(!std::exchange(over_, true), "a session ends once");
  }
  void leave() override { hub_.disconnected(*this, rooms::Hub::Leaving::for_good, now_); }
  void enter(const rooms::EntryRequest& request) override { hub_.enter(*this, request, now_); }
  void send(const protocol::Envelope& envelope, std::string_view object) override {
    hub_.send(*this, envelope, object, now_);
  }
  void refuse(const protocol::Refusal& refusal) override { hub_.refuse(*this, refusal); }
  bool spend(std::size_t bytes) override { return hub_.spend(*this, bytes, now_); }
  bool is_entering() const override { return waits_for != nullptr; }

  rooms::Hub& hub_;
  rooms::TimePoint& now_;
  std::string id_;
  Revision revision_;
  bool websocket_;
  int open_websockets_ = websocket_ ? 1 : 0;
  bool poll_waits_ = false;
  std::size_t backlog_ = 0;
  bool over_ = false;
  socketio::Translator translator_;
  socketio::Session session_;
};

/// Clients of both revisions and transports at one hub.
class World {
 public:
  World() {
    bus_.serve(hub_);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i] = std::make_unique<Client>(hub_, now_, static_cast<int>(i));
    }
  }

  /// Makes one step: its first byte says who and what.
  void step(std::string_view text) {
    if (text.empty()) return;
    const auto what = static_cast<unsigned char>(text[0]);
    if (what == 'T') return pass(std::chrono::seconds(7));
    clients_[what % clients_.size()]->step(what / clients_.size(), text.substr(1));
  }

  void end() {
    for (int i = 0; i < 40; ++i) pass(std::chrono::seconds(7));
    for (const auto& client : clients_) check(client->is_over(), "who says no more is dropped");
    check(hub_.census().peers == 0 && hub_.census().rooms == 0, "nobody is left");
  }

 private:
  void pass(rooms::Duration duration) {
    now_ += duration;
    for (const auto& client : clients_) client->advance();
    hub_.advance(now_);
  }

  rooms::TimePoint now_{std::chrono::seconds(100)};
  NoTokens tokens_;
  rooms::ThreadBus bus_{0, 1, nullptr};
  rooms::Hub hub_{{.make_id = [] { return "none"; },
                   .resume_tokens = tokens_,
                   .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
                   .limits = {.rates = {100, 100'000, std::chrono::seconds(1)},
                              .peers_per_room = 3,
                              .rooms = 2}},
                  bus_};
  std::array<std::unique_ptr<Client>, 4> clients_;
};

}  // namespace

void onair::fuzz::run(std::string_view input) {
  if (protocol::is_utf8(input)) {
    for (const Revision revision : {Revision::v3, Revision::v4})
      check_payload_codec(revision, input);
    check_event(input);
  }
  World world;
  for_each_line(input, [&world](std::string_view line) { world.step(line); });
  world.end();
}
