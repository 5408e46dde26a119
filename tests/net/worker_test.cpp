// A worker, and clients at the moments that a whole server meets only by chance.
#include "net/loop/worker.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "net/auth/signed_resume_tokens.hpp"
#include "net/client.hpp"
#include "net/listen/listener.hpp"
#include "net/loop/run_guarded.hpp"
#include "net/websocket/websocket_session.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;
using tests::RawConnection;
using Session = WebsocketSession<PlainTransport>;

class WorkerTest : public testing::Test {
 protected:
  ~WorkerTest() override { stop(); }

  void stop() {
    worker.context().stop();
    if (thread.joinable()) thread.join();
  }
  void run() {
    thread = std::thread([this] { run_guarded(worker.context(), [this] { ++exceptions; }); });
  }

  std::uint16_t port() { return acceptor.local_endpoint().port(); }
  std::shared_ptr<Session> accept() {
    return std::make_shared<Session>(acceptor.accept(), "", ConnectionSlots{}, worker);
  }
  static UpgradeRequest request() {
    UpgradeRequest request(http::verb::get, "/ws", 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    return request;
  }
  /// Bytes behind the answer to an upgrade.
  static std::string first_frame(RawConnection& client, std::size_t bytes) {
    std::string answer = client.receive(12);
    EXPECT_EQ(answer, "HTTP/1.1 101");
    while (!answer.ends_with("\r\n\r\n")) answer += client.receive(1);
    return client.receive(bytes);
  }

  const std::string close_1012{"\x88\x02\x03\xf4"};
  const std::string close_of_client{"\x88\x80\0\0\0\0", 6};

  bool has_defect = false;  ///< throws when a member has entered
  int exceptions = 0;
  Limits limits;
  SignedResumeTokens tokens{"secret", std::chrono::hours(1)};
  Worker worker{0,
                1,
                std::nullopt,
                [](rooms::HubId, const rooms::ThreadBus::Batch&) {},
                {.make_id = [] { return "id"; },
                 .resume_tokens = tokens,
                 .ice_servers =
                     [this](const auto&) {
                       if (has_defect) throw std::runtime_error("a defect");
                       return std::vector<protocol::IceServer>{};
                     }},
                limits};
  asio::executor_work_guard<Executor> work{worker.context().get_executor()};
  Acceptor acceptor = listen(worker.context(), "127.0.0.1", 0, "");
  std::thread thread;
};

TEST_F(WorkerTest, AClientSentOffBeforeItsUpgradeIsAnsweredGetsTheCloseCode) {
  RawConnection client(port());
  const auto session = accept();
  worker.tick().run([&] { session->start(request()); });
  worker.send_all_off();
  run();
  EXPECT_EQ(first_frame(client, 4), close_1012);
}

TEST_F(WorkerTest, AClientWhoseAdmissionWasUnderWayGetsTheCloseCodeToo) {
  RawConnection client(port());
  const auto session = accept();
  worker.send_all_off();
  worker.tick().run([&] { session->start(request()); });
  run();
  EXPECT_EQ(first_frame(client, 4), close_1012);
}

TEST_F(WorkerTest, NobodyEntersOnceAllAreSentOff) {
  RawConnection client(port());
  const auto session = accept();
  worker.tick().run([&] { session->start(request()); });
  worker.send_all_off();
  client.send(tests::masked_text(R"({"type":"enter","room":"lesson","role":"watch"})") +
              close_of_client);
  run();
  EXPECT_EQ(first_frame(client, 4), close_1012);
  EXPECT_THROW(client.receive(1), boost::system::system_error) << "it is gone";
  stop();
  EXPECT_EQ(worker.report().counters.entered, 0u);
}

TEST_F(WorkerTest, AClientOverWhichAHandlerThrewIsGone) {
  spdlog::set_level(spdlog::level::off);
  has_defect = true;
  RawConnection client(port());
  worker.tick().run([session = accept()] { session->start(request()); });
  client.send(tests::masked_text(R"({"type":"enter","room":"lesson","role":"watch"})"));
  run();
  client.receive_all();
  stop();
  EXPECT_EQ(exceptions, 1);
  EXPECT_EQ(worker.report().clients, 0u);
  worker.send_all_off();
  worker.end_room("lesson");
  spdlog::set_level(spdlog::level::info);
}

TEST_F(WorkerTest, AClientThatIsLeftAtTheEndIsTheWorkers) {
  RawConnection client(port());
  worker.tick().run([session = accept()] { session->start(request()); });
  client.send(tests::masked_text(R"({"type":"enter","room":"lesson","role":"watch"})"));
  run();
  EXPECT_EQ(first_frame(client, 2).substr(0, 1), "\x81");
  stop();
  EXPECT_EQ(worker.report().clients, 1u);
}

}  // namespace
}  // namespace onair::net
