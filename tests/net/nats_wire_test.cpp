#include "net/nats/nats_wire.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A server of NATS that accepts one client and leaves it.
class BriefNatsServer {
 public:
  ~BriefNatsServer() { thread_.join(); }

  std::string url() const {
    return "nats://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  void serve() {
    tcp::socket client = acceptor_.accept();
    asio::write(client,
                asio::buffer(std::string("INFO {\"proto\":1,\"max_payload\":1048576}\r\n")));
    std::string input;
    asio::read_until(client, asio::dynamic_buffer(input), "PING\r\n");
    asio::write(client, asio::buffer(std::string("PONG\r\n")));
    acceptor_.close();
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_{[this] { serve(); }};
};

/// Notes which threads write to the log.
class Threads final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::thread::id> seen;  ///< read after the log has another sink

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    seen.push_back(std::this_thread::get_id());
  }
  void flush_() override {}
};

/// Ends the run with the connection.
class Member final : public cluster::WireMember {
 public:
  explicit Member(asio::io_context& context) : context_(context) {}

  void on_message(std::string_view, std::string_view, std::string_view, rooms::TimePoint) override {
  }
  void on_no_subscriber(std::string_view, rooms::TimePoint) override {}
  void connected(rooms::TimePoint) override { was_connected = true; }
  void disconnected() override { context_.stop(); }

  bool was_connected = false;

 private:
  asio::io_context& context_;
};

// The process may end while a thread of the library still reports the end of the connection. The
// log is gone by then.
TEST(NatsWireTest, NoThreadOfTheLibraryWritesToTheLog) {
  const auto threads = std::make_shared<Threads>();
  const auto log = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("", threads));
  {
    BriefNatsServer server;
    asio::io_context context{1};
    const auto work = asio::make_work_guard(context);
    Member member(context);
    const NatsWire wire({.servers = server.url()}, context, member);
    context.run_for(std::chrono::seconds(10));
    EXPECT_TRUE(member.was_connected);
    EXPECT_TRUE(context.stopped()) << "the wire does not notice that NATS is gone";
  }
  spdlog::set_default_logger(log);
  ASSERT_EQ(threads->seen.size(), 2U);
  for (const auto& thread : threads->seen) EXPECT_EQ(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace onair::net
