#include "net/media/forwarder_client.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include "net/loop/run_guarded.hpp"
#include "sfu/control/line_reader.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReconnectPause{50};
/// To connect to a socket of this machine costs nothing, and everybody waits for it.
constexpr std::chrono::milliseconds kLongestPause{250};
/// Between two tries while another server uses it.
constexpr std::chrono::milliseconds kInUsePause{1'000};

constexpr std::chrono::seconds kAnswerTime{5};

/// Requests that wait for a reply: one more fails at once.
constexpr std::size_t kMostPending = 4'096;

/// Bytes that may wait to be written: a forwarder that reads no more is hung up.
constexpr std::size_t kMostOutBytes = 16'777'216;

/// The process that had the socket has ended: the system closes what a process had open.
bool nobody_listens(error_code error) {
  return error == boost::system::errc::connection_refused ||
         error == boost::system::errc::no_such_file_or_directory;
}

}  // namespace

ForwarderClient::ForwarderClient(Worker& worker, const std::filesystem::path& socket,
                                 ForwarderHost& host)
    : worker_(worker),
      endpoint_(socket.string()),
      host_(host),
      timer_(worker.context()),
      pause_(kReconnectPause) {}

void ForwarderClient::start() {
  asio::co_spawn(worker_.context(), run(), end_of_service);
}

Task<void> ForwarderClient::run() {
  for (;;) {
    socket_ = std::make_shared<Socket>(worker_.context());
    auto [error] = co_await socket_->async_connect(endpoint_, no_throw);
    if (!error) {
      co_await serve();
      worker_.tick().run([this] { lost(); });
    } else if (nobody_listens(error)) {
      worker_.tick().run([this] { note_death(); });
    }
    Timer timer(worker_.context(), pause_);
    co_await timer.async_wait(no_throw);
    pause_ = std::min(2 * pause_, kLongestPause);
  }
}

/// Reads until the connection is lost.
Task<void> ForwarderClient::serve() {
  worker_.tick().run([this] { greet(); });
  sfu::LineReader lines;
  while (!lines.is_too_long()) {
    const auto space = lines.space();
    auto [error, bytes] =
        co_await socket_->async_read_some(asio::buffer(space.data(), space.size()), no_throw);
    if (error) co_return;
    lines.filled(bytes);
    worker_.tick().run([&] {
      while (const auto line = lines.next()) take(*line);
    });
  }
}

void ForwarderClient::lost() {
  hang_up();
  out_.clear();
  listed_.clear();
  writing_ = false;
  ++connection_;
  const bool was_here = std::exchange(here_, false);
  for (const auto& [id, peer] : std::exchange(closing_, {})) unclosed_.insert(peer);
  while (!pending_.empty()) finish(pending_.begin()->first, std::nullopt);
  if (!was_here) return;
  spdlog::warn("event=forwarder_lost");
  host_.on_forwarder_lost();
}

/// serve() ends by it.
void ForwarderClient::hang_up() {
  error_code ignored;
  socket_->close(ignored);
}

void ForwarderClient::greet() {
  submit(control::Hello{.exclusive = true}, [this](const Result& result) {
    if (!result) return hang_up();
    const auto* error = std::get_if<control::Error>(&*result);
    if (error != nullptr && error->code == control::ErrorCode::bad_version) {
      host_.on_forwarder_mismatched();
    }
    if (error != nullptr && error->code == control::ErrorCode::in_use) {
      pause_ = kInUsePause;
      host_.on_forwarder_in_use();
    }
    const auto* greeting = std::get_if<control::Greeting>(&*result);
    if (greeting == nullptr) return hang_up();
    spdlog::info("event=forwarder_connected instance={}", greeting->instance);
    note_instance(greeting->instance);
    take_page(greeting->peers);
  });
}

void ForwarderClient::list_more() {
  submit(control::List{last_listed_}, [this](const Result& result) {
    const auto* list = result ? std::get_if<control::PeerList>(&*result) : nullptr;
    if (list == nullptr) return hang_up();
    take_page(list->peers);
  });
}

void ForwarderClient::take_page(const control::Page<control::PeerInfo>& page) {
  listed_.insert(listed_.end(), page.entries().begin(), page.entries().end());
  if (page.has_more() && !page.entries().empty()) {
    last_listed_ = page.entries().back().peer;
    return list_more();
  }
  here_ = true;
  pause_ = kReconnectPause;
  close_again();
  host_.on_forwarder_connected(std::exchange(listed_, {}));
}

void ForwarderClient::note_instance(const std::string& instance) {
  if (instance != instance_) note_death();
  instance_ = instance;
}

void ForwarderClient::note_death() {
  // Empty where no forwarder was here yet, or the host knows already that it has died.
  if (std::exchange(instance_, {}).empty()) return;
  host_.on_forwarder_died();
}

/// Closes what should have been closed while the forwarder was away. The host never hears of it.
void ForwarderClient::close_again() {
  const auto unclosed = std::exchange(unclosed_, {});
  std::erase_if(listed_, [&](const control::PeerInfo& each) {
    if (!unclosed.contains(each.peer)) return false;
    close(each.peer);
    return true;
  });
}

/// Brings what has been listed up to date, while more pages are to come.
void ForwarderClient::keep_up(const control::Event& event) {
  const auto has_id = [&event](const control::PeerInfo& peer) {
    return peer.peer == std::visit([](const auto& of) -> const auto& { return of.peer; }, event);
  };
  if (std::holds_alternative<control::Gone>(event)) return void(std::erase_if(listed_, has_id));
  const auto found = std::ranges::find_if(listed_, has_id);
  if (found == listed_.end()) return;
  if (std::holds_alternative<control::Connected>(event)) found->connected = true;
  if (const auto* change = std::get_if<control::MediaChange>(&event)) found->media = change->on;
}

void ForwarderClient::request(control::Request request, Done done) {
  if (here_ && pending_.size() < kMostPending) return submit(std::move(request), std::move(done));
  worker_.tick().later([done = std::move(done)] { done(std::nullopt); });
}

void ForwarderClient::close(const control::PeerId& peer) {
  if (!here_) return void(unclosed_.insert(peer));
  const control::RequestId id = ++last_id_;
  closing_.emplace(id, peer);
  send(id, control::Close{peer});
}

void ForwarderClient::submit(control::Request request, Done done) {
  const control::RequestId id = ++last_id_;
  if (!send(id, std::move(request))) {
    return worker_.tick().later([done = std::move(done)] {
      done(control::Error{control::ErrorCode::bad_sdp, "The description is too long."});
    });
  }
  pending_.emplace(id, std::move(done));
  deadlines_.set(id, Clock::now() + kAnswerTime);
  if (pending_.size() == 1) await_deadline();
}

/// False where the line would be too long.
bool ForwarderClient::send(control::RequestId id, control::Request request) {
  const auto line = serialize(control::NumberedRequest{id, std::move(request)});
  if (!line) return false;
  out_ += *line;
  if (out_.size() > kMostOutBytes) {
    hang_up();
  } else {
    write();
  }
  return true;
}

void ForwarderClient::write() {
  if (writing_ || out_.empty()) return;
  writing_ = true;
  const auto bytes = std::make_shared<const std::string>(std::exchange(out_, {}));
  asio::async_write(
      *socket_, asio::buffer(*bytes),
      [this, bytes, socket = socket_, connection = connection_](error_code error, std::size_t) {
        if (connection != connection_) return;
        writing_ = false;
        if (!error) write();
      });
}

void ForwarderClient::take(std::string_view line) {
  const auto message = control::parse_message(line);
  if (!message) return;
  if (const auto* reply = std::get_if<control::NumberedReply>(&*message)) {
    return finish(reply->id, reply->reply);
  }
  const auto& event = std::get<control::Event>(*message);
  if (here_) return host_.on_forwarder_event(event);
  keep_up(event);
}

void ForwarderClient::finish(control::RequestId id, const Result& result) {
  if (closing_.erase(id) > 0) return;
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // too late
  const Done done = std::move(found->second);
  pending_.erase(found);
  deadlines_.erase(id);
  done(result);
}

/// The timer is set while anything is pending, to a moment that is never too late.
void ForwarderClient::await_deadline() {
  const auto next = deadlines_.next();
  if (!next) return;
  timer_.expires_at(*next);
  timer_.async_wait([this](error_code error) {
    if (error) return;
    worker_.tick().run([this] {
      while (const auto id = deadlines_.take_due(Clock::now())) finish(*id, std::nullopt);
      await_deadline();
    });
  });
}

}  // namespace onair::net
