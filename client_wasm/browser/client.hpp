// A session and the browser around it: events in, commands out.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <emscripten/emscripten.h>

#include "browser/events.hpp"
#include "browser/javascript.hpp"
#include "browser/peer_connections.hpp"
#include "browser/signaling_socket.hpp"
#include "protocol/chat.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "session/chat.hpp"
#include "session/link/signaling.hpp"
#include "session/page.hpp"
#include "session/time.hpp"
#include "session/token_bucket.hpp"

namespace onair::browser {

/// Options of the page: `url` of the WebSocket, `socket` if the page has already started to open
/// one, `room`, the <video> element, the functions `changed(view)`, `text(from, text)`,
/// `chat(event)`, `tile(id, stream)`, `crossfade(shown, sound)` and `remember(token)`, the resume
/// `token` kept from an earlier load, the `entryToken` if there is one, and `trace`, true to log
/// every step to the console. `crossfade` returns true where the page puts the audio tracks `sound`
/// into the stream `shown` in place of those there; else the client does so at once.
struct PageOptions {
  explicit PageOptions(const val& options)
      : url(options["url"].as<std::string>()),
        socket(options["socket"]),
        room(options["room"].as<std::string>()),
        video(options["video"]),
        changed(options["changed"]),
        text(options["text"]),
        chat(options["chat"]),
        tile(options["tile"]),
        crossfade(options["crossfade"]),
        remember(options["remember"]),
        token(optional_text(options["token"])),
        entry_token(optional_text(options["entryToken"])),
        trace(options["trace"].isTrue()) {}

  std::string url;
  val socket;
  std::string room;
  val video;
  val changed;
  val text;
  val chat;
  val tile;
  val crossfade;
  val remember;
  std::optional<std::string> token;
  std::optional<std::string> entry_token;
  bool trace;

 private:
  static std::optional<std::string> optional_text(const val& value) {
    if (!value.isString()) return std::nullopt;
    return value.as<std::string>();
  }
};

/// A random number, so that successive pages use different ones.
inline std::uint32_t random_number() {
  const val numbers = val::global("Uint32Array").new_(1);
  val::global("crypto").call<void>("getRandomValues", numbers);
  return numbers[0].as<std::uint32_t>();
}

/// `Derived` has `perform` for its side's own commands, and `view_for_page`.
template <typename Derived, typename Session, typename Input>
class Client : public EventTarget {
 public:
  void start() { feed(session::Started{}); }
  void wake() { feed(session::Woken{}); }
  void leave() { feed(session::LeaveRequested{}); }
  void send_text(const std::string& text) { feed(session::TextEntered{text}); }
  void say(const std::string& name, const std::string& text) {
    feed(session::ChatEntered{name, text});
  }
  val view() const { return static_cast<const Derived*>(this)->view_for_page(session_.view()); }

 protected:
  Client(PageOptions page, Session session, Side side)
      : page_(std::move(page)),
        session_(std::move(session)),
        socket_(*this, page_.url, page_.socket),
        connections_(*this, side) {}

  /// Passes an event to the session and executes its commands. An event that arrives meanwhile is
  /// queued, since the session must not be re-entered.
  void feed(Input input) {
    waiting_.push_back(std::move(input));
    if (busy_) return;
    busy_ = true;
    while (!waiting_.empty()) {
      const Input next = std::move(waiting_.front());
      waiting_.pop_front();
      for (const auto& output : session_.handle(next, now())) {
        std::visit([this](const auto& command) { derived().perform(command); }, output);
      }
    }
    busy_ = false;
    set_deadline();
  }

  /// Handles the events of both sides.
  void on_event(Event event, std::monostate, const val& payload) override;
  void on_event(Event event, SocketTag socket, const val& payload) override;
  void on_event(Event event, const ConnectionKey& key, const val& payload) override;
  void on_event(Event, CaptureTag, const val&) override {}

  void perform(const session::OpenSocket& open) {
    if (!socket_.open(open.socket)) feed(session::SocketClosed{open.socket});
  }
  void perform(const session::CloseSocket& close) { socket_.close(close.socket, close.leaving); }
  void perform(const session::RememberToken& remember) {
    call_page(page_.remember, {val(remember.token)});
  }
  void perform(const session::RestartIce& restart) { connections_.restart_ice(restart); }
  void perform(const session::RefreshIce& refresh) { connections_.refresh_ice(refresh); }
  void perform(const session::SendMessage& send) { socket_.send(protocol::encode(send.message)); }
  void perform(const session::MakeLocalDescription& make) {
    connections_.make_local_description(make);
  }
  void perform(const session::ApplyRemoteDescription& apply) {
    connections_.apply_remote_description(apply.key, apply.sdp);
  }
  void perform(const session::AddCandidate& add) {
    connections_.add_candidate(add.key, add.candidate);
  }
  void perform(const session::CloseConnection& close) { connections_.close(close.key); }
  void perform(const session::SendText& send) {
    if (!connections_.send_text(send.key, send.text)) {
      feed(session::ChannelFailed{send.key, "could not send"});
    }
  }
  void perform(const session::SendChat& send) {
    if (!connections_.send_chat(send.key, protocol::encode_chat(send.message))) {
      feed(session::ChannelFailed{send.key, "could not send"});
    }
  }
  void perform(const session::ShowChatLine& show) {
    send_chat_event(show.host, {{"kind", val("line")},
                                {"id", val(show.line.id)},
                                {"name", val(show.line.name)},
                                {"text", val(show.line.text)},
                                {"host", val(show.line.by_talker)},
                                {"yours", val(show.line.yours)},
                                {"author", val(show.author)}});
  }
  void perform(const session::TakeChatLineAway& take) {
    send_chat_event(take.host, {{"kind", val("removed")}, {"id", val(take.id)}});
  }
  void perform(const session::ClearChat& clear) {
    send_chat_event(clear.host, {{"kind", val("cleared")}});
  }
  void perform(const session::ShowChatRefused& refused) {
    call_page(page_.chat, {object_of({{"kind", val("refused")},
                                      {"reason", val(std::string(name_of(refused.reason)))}})});
  }
  void perform(const session::ViewChanged&) { call_page(page_.changed, {view()}); }
  void perform(const session::ShowText& show) {
    call_page(page_.text, {val(show.from), val(show.text)});
  }
  void perform(const session::Trace& trace) {
    if (page_.trace) val::global("console").call<void>("debug", "onair " + trace.line);
  }

  void call_page(const val& function, std::initializer_list<val> arguments);

  /// Reports a step that failed immediately.
  void fail(const ConnectionKey& key, session::Step step, std::string reason) {
    feed(session::StepFailed{key, step, std::move(reason)});
  }

  PageOptions page_;
  Session session_;
  SignalingSocket socket_;
  PeerConnections connections_;

 private:
  static session::TimePoint now() {
    return session::TimePoint(session::Duration(static_cast<std::int64_t>(emscripten_get_now())));
  }

  Derived& derived() { return *static_cast<Derived*>(this); }

  /// The code of a CloseEvent; 1006 without one, as for a socket that failed before we listened.
  static std::uint16_t close_code_of(const val& event) {
    const val code = is_nothing(event) ? val::undefined() : event["code"];
    return code.isNumber() ? code.as<std::uint16_t>() : 1006;
  }

  /// Adds `from` in rooms with several talkers, since each numbers its own lines.
  void send_chat_event(const protocol::PeerId& host,
                       std::initializer_list<std::pair<const char*, val>> fields) {
    val event = object_of(fields);
    if (!host.empty()) event.set("from", val(host));
    call_page(page_.chat, {event});
  }
  /// The text that came over a data channel; empty for one that is binary or too long. The length
  /// is checked before the text is copied, since a browser takes some 256 KB.
  static std::optional<std::string> text_of(const val& event) {
    const val data = event["data"];
    if (!data.isString() ||
        data["length"].as<double>() > static_cast<double>(protocol::kMaxTextBytes)) {
      return std::nullopt;
    }
    return data.as<std::string>();
  }
  void on_frame(SocketTag socket, const val& event);
  void on_channel_event(Event event, const ConnectionKey& key, const val& payload);
  void on_chat(const ConnectionKey& key, const val& event);
  void on_candidate(const ConnectionKey& key, const val& event);
  void set_deadline();

  /// Warnings about frames that PROTOCOL.md does not allow. Peers can send them, and browsers keep
  /// what is logged.
  static constexpr session::Rate kWarnings{20, session::Duration(10'000)};
  session::TokenBucket warnings_;
  std::deque<Input> waiting_;
  bool busy_ = false;
  std::optional<session::TimePoint> wake_at_;
  val timer_ = val::undefined();
};

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_event(Event event, std::monostate, const val&) {
  if (event != Event::deadline) return;
  wake_at_.reset();
  feed(session::TimePassed{});
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_event(Event event, SocketTag socket, const val& payload) {
  if (event == Event::socket_opened) feed(session::SocketOpened{socket.number});
  if (event == Event::socket_message) on_frame(socket, payload);
  if (event == Event::socket_closed) {
    feed(session::SocketClosed{socket.number, close_code_of(payload)});
  }
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_event(Event event, const ConnectionKey& key,
                                               const val& payload) {
  using session::Step;
  switch (event) {
    case Event::answer_created: return connections_.apply_answer(key, payload);
    case Event::local_description_made:
      return feed(session::LocalDescriptionMade{key, connections_.local_sdp(key)});
    case Event::local_description_failed:
      return fail(key, Step::make_local_description, describe_error(payload));
    case Event::remote_description_applied: return feed(session::RemoteDescriptionApplied{key});
    case Event::remote_description_failed:
      return fail(key, Step::apply_remote_description, describe_error(payload));
    case Event::candidate_added: return feed(session::CandidateAdded{key});
    case Event::candidate_failed: return fail(key, Step::add_candidate, describe_error(payload));
    case Event::candidate_found: return on_candidate(key, payload);
    case Event::transport_changed:
      if (const auto state = connections_.transport(key)) {
        feed(session::TransportChanged{key, *state});
      }
      return;
    default: return on_channel_event(event, key, payload);
  }
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_channel_event(Event event, const ConnectionKey& key,
                                                       const val& payload) {
  switch (event) {
    case Event::channel_arrived: return connections_.adopt_channel(key, payload["channel"]);
    case Event::channel_opened: return feed(session::ChannelOpened{key});
    case Event::channel_message:
      if (auto text = text_of(payload)) {
        feed(session::TextReceived{key, *std::move(text)});
      }
      return;
    case Event::channel_closed: return feed(session::ChannelClosed{key});
    case Event::channel_failed:
      return feed(session::ChannelFailed{key, describe_error(payload["error"])});
    case Event::chat_opened: return feed(session::ChatOpened{key});
    case Event::chat_message: return on_chat(key, payload);
    case Event::chat_closed: return feed(session::ChatClosed{key});
    default: return;
  }
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_chat(const ConnectionKey& key, const val& event) {
  const auto text = text_of(event);
  if (!text) return;
  auto message = protocol::decode_chat(*text);
  if (message) feed(session::ChatReceived{key, *std::move(message)});
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_frame(SocketTag socket, const val& event) {
  if (!event["data"].isString()) return;
  const protocol::Decoded decoded = protocol::decode(event["data"].as<std::string>());
  if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
    if (!warnings_.take(kWarnings, now())) return;
    val::global("console").call<void>("warn", "onair: ignored a frame: " + refusal->message);
    return;
  }
  feed(session::MessageReceived{socket.number, std::get<protocol::Message>(decoded)});
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::on_candidate(const ConnectionKey& key, const val& event) {
  const val found = event["candidate"];
  session::Candidate candidate;
  if (!is_nothing(found)) {
    candidate.candidate = found["candidate"].as<std::string>();
    if (!is_nothing(found["sdpMid"])) candidate.sdp_mid = found["sdpMid"].as<std::string>();
    if (!is_nothing(found["sdpMLineIndex"])) {
      candidate.sdp_m_line_index = found["sdpMLineIndex"].as<std::uint16_t>();
    }
  }
  feed(session::CandidateFound{key, std::move(candidate)});
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::call_page(const val& function,
                                                std::initializer_list<val> arguments) {
  if (is_nothing(function)) return;
  const val list = val::array();
  for (const val& argument : arguments) list.call<void>("push", argument);
  const Outcome called = attempt(function, "apply", {val::null(), list});
  if (!called.ok) report(called.value);
}

template <typename Derived, typename Session, typename Input>
void Client<Derived, Session, Input>::set_deadline() {
  const auto next = session_.next_deadline();
  if (next == wake_at_) return;
  wake_at_ = next;
  val::global().call<void>("clearTimeout", timer_);
  if (!next) return;
  const double delay = static_cast<double>((*next - now()).count());
  // null is the payload: a listener takes one argument
  timer_ = val::global().call<val>("setTimeout", listener(Event::deadline), delay, val::null());
}

}  // namespace onair::browser
