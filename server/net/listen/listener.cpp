#include "net/listen/listener.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <spdlog/spdlog.h>

#include "net/listen/http_session.hpp"
#include "net/loop/run_guarded.hpp"

namespace onair::net {
namespace {

constexpr std::chrono::milliseconds kFirstPause{10};

/// Bytes of a connection that the kernel buffers beyond the client's receive window.
constexpr int kUnsentBytes = 131'072;

constexpr std::string_view kNoSlot =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
    "Content-Length: 0\r\n\r\n";

/// Opens a socket for listening at the endpoint. All addresses (`::`) are those of IPv4 where the
/// system has no IPv6.
Acceptor open_at(asio::io_context& context, tcp::endpoint& endpoint) {
  Acceptor acceptor(context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error == asio::error::address_family_not_supported &&
      endpoint.address() == asio::ip::address_v6::any()) {
    endpoint.address(asio::ip::address_v4::any());
    acceptor.open(endpoint.protocol(), error);
  }
  if (error) throw boost::system::system_error(error);
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false));
  return acceptor;
}

/// `option` chooses the port.
std::string advice_for(const error_code& error, const std::string& option) {
  if (error == asio::error::address_in_use) {
    return "stop the program that listens there, or choose another with " + option + ".";
  }
  if (error == asio::error::access_denied) {
    return "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose another with " + option +
           ".";
  }
  return "give an address of this machine with --address, or another port with " + option + ".";
}

}  // namespace

Acceptor listen(asio::io_context& context, const std::string& address, std::uint16_t port,
                const std::string& option) {
  try {
    tcp::endpoint endpoint(asio::ip::make_address(address), port);
    Acceptor acceptor = open_at(context, endpoint);
    acceptor.set_option(asio::socket_base::reuse_address(true));
    // Accepted sockets inherit both. Output that can't be sent yet waits in our own queue, which
    // has a bound, and not in the kernel's.
    acceptor.set_option(tcp::no_delay(true));
    setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes,
               sizeof kUnsentBytes);
    acceptor.bind(endpoint);
    acceptor.listen(asio::socket_base::max_listen_connections);
    return acceptor;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("Can't listen on " + address + " port " + std::to_string(port) + " (" +
                             error.code().message() + "): " + advice_for(error.code(), option));
  }
}

Listener::Listener(Acceptor acceptor, Workers& workers, ServerContext& server)
    : acceptor_(std::move(acceptor)), workers_(workers), server_(server) {
  acceptor_.non_blocking(true);
}

void Listener::start() {
  asio::co_spawn(workers_.front()->context(), accept_connections(), end_of_service);
}

void Listener::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

/// Accepts one connection in each tick, so that in a storm of connections the clients that are
/// there are served between any two.
Task<void> Listener::accept_connections() {
  for (std::size_t next = 0; acceptor_.is_open(); next = (next + 1) % workers_.size()) {
    Worker& worker = *workers_[next];
    auto [error] = co_await acceptor_.async_wait(Acceptor::wait_read, no_throw);
    if (error == asio::error::operation_aborted) co_return;
    // Only now is there a socket, so that no wait on this thread holds one of another.
    Socket socket(worker.context());
    tcp::endpoint remote;
    if (!error) acceptor_.accept(socket, remote, error);
    if (error == asio::error::would_block) continue;
    if (error) {
      co_await pause_after(error);
      continue;
    }
    if (std::exchange(pause_, {}).count() > 0) spdlog::info("event=accepting_again");
    serve(std::move(socket), remote.address(), worker);
  }
}

void Listener::serve(Socket socket, const asio::ip::address& remote, Worker& worker) {
  const bool is_proxy = server_.proxies.contains(remote);
  auto slot =
      server_.admission.connect(is_proxy ? std::nullopt : std::optional(counted_address(remote)),
                                std::chrono::steady_clock::now());
  if (!slot) {
    if (!server_.certificate) {
      error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(kNoSlot), ignored);
    }
    return;
  }
  asio::co_spawn(
      worker.context(),
      serve_connection(TcpStream(std::move(socket)), remote, std::move(slot), worker, server_),
      end_of_connection);
}

/// Mostly file descriptors ran out: those who come wait in the system's queue.
Task<void> Listener::pause_after(error_code error) {
  if (pause_.count() == 0) {
    spdlog::error("event=accept_failed error=\"{}\" action=wait", error.message());
  }
  pause_ = std::clamp(2 * pause_, kFirstPause, server_.limits.accept_pause);
  Timer timer(workers_.front()->context(), pause_);
  co_await timer.async_wait(no_throw);
}

}  // namespace onair::net
