#include "net/listener.hpp"

#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <spdlog/spdlog.h>

#include "net/http_session.hpp"

namespace onair::net {
namespace {

/// How long to wait after a failed accept, which mostly means that descriptors ran out.
constexpr std::chrono::milliseconds kAcceptPause{100};

Acceptor listen(asio::io_context& context, const std::string& address, std::uint16_t port) {
  const std::string where = address + " port " + std::to_string(port);
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(address), port);
    Acceptor acceptor(context);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false));
    acceptor.bind(endpoint);
    acceptor.listen(asio::socket_base::max_listen_connections);
    return acceptor;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("Can't listen on " + where + " (" + error.code().message() +
                             "): stop what listens there, or choose another with --port.");
  }
}

}  // namespace

Listener::Listener(asio::io_context& context, const std::string& address, std::uint16_t port,
                   HubRunner& hub, const StaticFiles& files)
    : context_(context), acceptor_(listen(context, address, port)), hub_(hub), files_(files) {}

void Listener::start() {
  asio::co_spawn(context_, accept_connections(), asio::detached);
}

Task<void> Listener::accept_connections() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(no_throw);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      spdlog::warn("accept: {}", error.message());
      Timer pause(context_, kAcceptPause);
      co_await pause.async_wait(no_throw);
      continue;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(context_, serve_http(TcpStream(std::move(socket)), hub_, files_),
                   asio::detached);
  }
}

}  // namespace onair::net
