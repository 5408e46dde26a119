#include "net/fake_forwarder.hpp"

#include <future>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "sfu/control/line_reader.hpp"

namespace onair::tests {

namespace asio = boost::asio;
using boost::system::error_code;

struct FakeForwarder::Connection {
  explicit Connection(Local::socket its_socket) : socket(std::move(its_socket)) {}
  void send(const std::string& line) {
    error_code ignored;
    asio::write(socket, asio::buffer(line), ignored);
  }
  Local::socket socket;
  sfu::LineReader lines;
};

FakeForwarder::FakeForwarder() : acceptor_(context_) {
  std::string folder = (std::filesystem::temp_directory_path() / "onair-test-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = folder;
  socket_ = folder_ / "forwarder.sock";
  listen();
  thread_ = std::thread([this] {
    // It is there for `run` also while it is dead, without a socket.
    const auto stays = asio::make_work_guard(context_);
    context_.run();
  });
}

FakeForwarder::~FakeForwarder() {
  context_.stop();
  thread_.join();
  std::filesystem::remove_all(folder_);
}

void FakeForwarder::listen() {
  std::filesystem::remove(socket_);  // of a process that was killed
  acceptor_ = Local::acceptor(context_, Local::endpoint(socket_.string()));
  accept();
}

void FakeForwarder::accept() {
  acceptor_.async_accept([this](error_code error, Local::socket socket) {
    if (error) return;
    connections_.push_back(std::make_shared<Connection>(std::move(socket)));
    read(connections_.back());
    accept();
  });
}

void FakeForwarder::read(const std::shared_ptr<Connection>& connection) {
  const auto space = connection->lines.space();
  connection->socket.async_read_some(asio::buffer(space.data(), space.size()),
                                     [this, connection](error_code error, std::size_t bytes) {
                                       if (error) return void(std::erase(connections_, connection));
                                       connection->lines.filled(bytes);
                                       while (const auto line = connection->lines.next())
                                         take(connection, *line);
                                       read(connection);
                                     });
}

void FakeForwarder::take(const std::shared_ptr<Connection>& connection, std::string_view line) {
  const auto parsed = control::parse_request(line);
  if (const auto* fault = std::get_if<control::NumberedReply>(&parsed)) {
    return connection->send(serialize(*fault));
  }
  const auto& request = std::get<control::NumberedRequest>(parsed);
  if (is_silent_) {
    unanswered_.emplace_back(connection, request);
  } else {
    answer(*connection, request);
  }
  const std::lock_guard lock(mutex_);
  requests_.push_back(request.request);
  arrived_.notify_all();
}

void FakeForwarder::answer(Connection& connection, const control::NumberedRequest& request) {
  connection.send(serialize(control::NumberedReply{request.id, reply_to(request.request)}));
}

control::Reply FakeForwarder::reply_to(const control::Request& request) {
  if (std::holds_alternative<control::Hello>(request)) {
    control::Greeting greeting;
    greeting.instance = std::to_string(instance_);
    for (const auto& [id, peer] : peers_) greeting.peers.add(peer);
    return greeting;
  }
  if (std::holds_alternative<control::Stats>(request)) return report_;
  if (fault_) return control::Error{*fault_, "As the test has it."};
  if (const auto* publish = std::get_if<control::Publish>(&request)) {
    return add(publish->room, publish->peer, publish->note, true);
  }
  if (const auto* play = std::get_if<control::Play>(&request)) {
    return add(play->room, play->peer, play->note, false);
  }
  if (const auto* invite = std::get_if<control::Invite>(&request)) {
    return add(invite->room, invite->peer, invite->note, false);
  }
  if (const auto* restart = std::get_if<control::Restart>(&request)) {
    if (!restart->note.empty()) peers_[restart->peer].note = restart->note;
    return control::Description{"a=ice-ufrag:new of " + restart->peer + "\r\n"};
  }
  if (const auto* close = std::get_if<control::Close>(&request)) peers_.erase(close->peer);
  return control::Done{};
}

control::Reply FakeForwarder::add(const std::string& room, const std::string& peer,
                                  const std::string& note, bool publishes) {
  if (publishes) {
    std::erase_if(peers_, [&room](const auto& entry) {
      return entry.second.publishes && entry.second.room == room;
    });
  }
  peers_[peer] = {room, peer, publishes, false, false, note};
  return control::Description{"v=0\r\ns=" + peer + "\r\n"};
}

void FakeForwarder::fail_with(std::optional<control::ErrorCode> code) {
  run([this, code] { fault_ = code; });
}

void FakeForwarder::set_report(const control::Report& report) {
  run([this, report] { report_ = report; });
}

std::string FakeForwarder::room_of(const std::string& peer) {
  return peers_.contains(peer) ? peers_[peer].room : std::string("gone");
}

void FakeForwarder::send_connected(const std::string& peer) {
  run([this, peer] {
    const std::string line = serialize(control::Event(control::Connected{room_of(peer), peer}));
    if (peers_.contains(peer)) peers_[peer].connected = true;
    for (const auto& connection : connections_) connection->send(line);
  });
}

void FakeForwarder::send_media(const std::string& peer, bool on) {
  run([this, peer, on] {
    const std::string line =
        serialize(control::Event(control::MediaChange{room_of(peer), peer, on}));
    if (peers_.contains(peer)) peers_[peer].media = on;
    for (const auto& connection : connections_) connection->send(line);
  });
}

void FakeForwarder::send_gone(const std::string& peer, control::GoneReason reason) {
  run([this, peer, reason] {
    const std::string line = serialize(control::Event(control::Gone{room_of(peer), peer, reason}));
    peers_.erase(peer);
    for (const auto& connection : connections_) connection->send(line);
  });
}

void FakeForwarder::restart() {
  run([this] {
    peers_.clear();
    ++instance_;
    close_connections();
  });
}

void FakeForwarder::die() {
  run([this] {
    error_code ignored;
    acceptor_.close(ignored);
    peers_.clear();
    unanswered_.clear();
    close_connections();
  });
}

void FakeForwarder::rise() {
  run([this] {
    ++instance_;
    is_silent_ = false;
    listen();
  });
}

void FakeForwarder::hang_up() {
  run([this] { close_connections(); });
}

void FakeForwarder::fall_silent() {
  run([this] { is_silent_ = true; });
}

void FakeForwarder::answer_again() {
  run([this] {
    is_silent_ = false;
    for (const auto& [connection, request] : std::exchange(unanswered_, {})) {
      answer(*connection, request);
    }
  });
}

void FakeForwarder::close_connections() {
  for (const auto& connection : connections_) {
    error_code ignored;
    connection->socket.close(ignored);
  }
}

void FakeForwarder::run(std::function<void()> function) {
  std::promise<void> done;
  asio::post(context_, [&] {
    function();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace onair::tests
