#include "server.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <spdlog/spdlog.h>

#include "net/auth/crypto.hpp"
#include "net/auth/ice_servers.hpp"
#include "net/loop/across_workers.hpp"
#include "net/loop/run_guarded.hpp"
#include "net/tls/lan.hpp"
#include "secrets.hpp"

namespace onair {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kPeerIdBytes = 12;

std::optional<net::CertificateFiles> certificate_files(const Options& options) {
  if (!options.tls_cert.empty()) return net::CertificateFiles{options.tls_cert, options.tls_key};
  if (!options.tls_self_signed) return std::nullopt;
  return net::self_signed_certificate(options.state_dir, net::own_names());
}

/// Where the operator names no folder, that of a package of the system, if there is one.
net::StaticFiles socketio_client(const Options& options) {
  if (!options.socketio_client.empty()) {
    if (std::filesystem::is_directory(options.socketio_client)) {
      return net::StaticFiles::read(options.socketio_client);
    }
    throw std::runtime_error("There is no folder " + options.socketio_client.string() +
                             " with socket.io's client: give its folder with --socketio-client, or "
                             "leave the option out.");
  }
  for (const char* folder :
       {"/usr/share/nodejs/socket.io-client/dist", "/usr/share/javascript/socket.io-client"}) {
    if (std::filesystem::is_directory(folder)) return net::StaticFiles::read(folder);
  }
  return {};
}

/// Far from where any other hub begins.
rooms::FrameNumber first_frame() {
  std::random_device random;
  return std::uniform_int_distribution<rooms::FrameNumber>(1)(random);
}

rooms::HubOptions hub_options(const Options& options, net::SignedResumeTokens& tokens,
                              const net::EntryTokens& entry_tokens, rooms::TimePoint began) {
  net::IceOptions ice{options.ice_servers, options.turn_servers, options.turn_secret,
                      options.turn_ttl};
  return {
      .make_id = [] { return net::random_hex(kPeerIdBytes); },
      .resume_tokens = tokens,
      .ice_servers =
          [ice = std::move(ice)](const protocol::PeerId& peer) {
            return net::ice_servers_for(ice, peer, std::chrono::system_clock::now());
          },
      .turn_only = options.relay_only,
      .doorkeeper =
          [&entry_tokens](const protocol::Enter& enter) { return entry_tokens.check(enter); },
      .grace = options.grace,
      .began = began,
      .limits = options.room_limits,
      .forward = options.forwarder.mode == net::ForwarderOptions::Mode::off
                     ? std::nullopt
                     : std::optional(options.forwarder.forward),
      .first_frame = first_frame,
  };
}

}  // namespace

Server::Server(const Options& options)
    : drain_time_(options.drain_time),
      tokens_(resume_secret(options), rooms::kResumeLifetime),
      entry_tokens_(options.auth, signing_keys(options), options.auth_leeway),
      context_(net::StaticFiles::read(options.web), socketio_client(options), options.limits,
               net::Origins(options.allow_origins), net::TrustedProxies(options.trusted_proxies),
               certificate_files(options)) {
  const auto count = static_cast<rooms::HubId>(
      options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency()));
  const auto began = std::chrono::steady_clock::now();
  const bool is_clustered = !options.cluster.nats.servers.empty();
  const auto gateway = is_clustered ? std::optional(count) : std::nullopt;
  const auto post_from = [this](rooms::HubId self) {
    return [this, self](rooms::HubId to, rooms::ThreadBus::Batch batch) {
      if (to == workers_.size()) return cluster_->deliver(self, std::move(batch));
      net::Worker& worker = *workers_[to];
      asio::post(worker.context(), [&worker, self, batch = std::move(batch)]() mutable {
        worker.deliver(self, std::move(batch));
      });
    };
  };
  rooms::HubOptions of_hub = hub_options(options, tokens_, entry_tokens_, began);
  of_hub.limits.kept_bytes /= count;  // an operator limits the process
  const auto& forwarder = options.forwarder;
  if (forwarder.mode != net::ForwarderOptions::Mode::off && forwarder.forward != "never") {
    of_hub.use_forwarder = [this](const std::string& room, const protocol::PeerId& talker, bool on,
                                  const std::string& address) {
      use_forwarder(room, talker, on, address);
    };
  }
  for (rooms::HubId self = 0; self < count; ++self) {
    workers_.push_back(std::make_unique<net::Worker>(self, count + (is_clustered ? 1 : 0), gateway,
                                                     post_from(self), of_hub, context_.limits));
  }
  if (is_clustered) {
    cluster_ = std::make_unique<net::ClusterNode>(
        options.cluster, count, post_from(count), options.grace,
        options.room_limits.talkers_per_room, [this] { fail(); });
    context_.cluster = cluster_.get();
  }
  if (const auto socket = net::forwarder_socket(options.forwarder, options.state_dir)) {
    net::Worker& first = *workers_.front();
    media_ =
        std::make_unique<net::Media>(first, *socket, options.grace, forwarder.forward != "never",
                                     context_.admission, context_.draining);
    context_.media = media_.get();
    if (options.forwarder.mode == net::ForwarderOptions::Mode::automatic) {
      forwarder_ = std::make_unique<net::ForwarderProcess>(
          first.context(), options.forwarder, options.log_level, net::forwarder_program(), *socket);
      media_->on_mismatch([this] { return forwarder_->replace(); });
    }
  }
  context_.doorkeeper = of_hub.doorkeeper;
  context_.workers = &workers_;
  context_.is_https_for_good = !options.tls_cert.empty();
  asio::io_context& first = workers_.front()->context();
  listener_ = std::make_unique<net::Listener>(
      net::listen(first, options.address, options.port, "--port"), workers_, context_);
  if (options.admin_port)
    admin_.emplace(*options.admin_port, admin_key(options), workers_, context_);
  signals_ = std::make_unique<boost::asio::signal_set>(first, SIGINT, SIGTERM, SIGHUP);
}

void Server::run() {
  await_signal();
  listener_->start();
  if (admin_) admin_->start();
  if (cluster_) cluster_->start();
  if (forwarder_) forwarder_->start();
  if (media_) media_->start();
  std::vector<std::thread> threads;
  std::vector<asio::executor_work_guard<net::Executor>> work;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    asio::io_context& context = workers_[i]->context();
    work.push_back(asio::make_work_guard(context));
    threads.emplace_back([this, &context] { net::run_guarded(context, [this] { fail(); }); });
  }
  net::run_guarded(workers_.front()->context(), [this] { fail(); });
  for (std::thread& thread : threads) thread.join();
  if (cluster_) cluster_->stop();
  if (ends_forwarder()) forwarder_->end(media_->forwarder_is_in_use());
}

/// After a defect of ours pictures go on, and the next server finds the forwarder.
bool Server::ends_forwarder() const {
  return forwarder_ != nullptr && !failed_;
}

/// Called by the hub of any worker. Media is on the first one's thread.
void Server::use_forwarder(const std::string& room, const protocol::PeerId& talker, bool on,
                           const std::string& address) {
  net::Worker& first = *workers_.front();
  asio::post(first.context(), [this, &first, room, talker, on, address] {
    first.tick().run([&] { media_->use_forwarder(room, talker, on, address); });
  });
}

/// State may be half changed. Clients go on at another server, or here after a restart.
void Server::fail() {
  if (!failed_.exchange(true) && !context_.draining) drain();
}

void Server::stop() {
  for (const auto& worker : workers_) worker->context().stop();
}

void Server::drain() {
  if (context_.draining.exchange(true)) return stop();
  asio::co_spawn(workers_.front()->context(), drain_and_stop(), net::end_of_service);
}

net::Task<void> Server::drain_and_stop() {
  constexpr std::chrono::milliseconds pause{20};
  const auto until = std::chrono::steady_clock::now() + drain_time_;
  spdlog::info("event=draining");
  listener_->stop();
  // On this thread, and before anybody is sent away.
  if (ends_forwarder()) workers_.front()->run_and_hand_over([this] { media_->end_viewings(); });
  for (const auto& worker : workers_) {
    asio::post(worker->context(), [&worker] { worker->send_all_off(); });
  }
  std::size_t left = 1;
  std::size_t on_their_way = 0;
  while (left + on_their_way > 0 && std::chrono::steady_clock::now() < until) {
    net::Timer timer(workers_.front()->context(), pause);
    co_await timer.async_wait(net::no_throw);
    left = 0;
    on_their_way = 0;
    // Frames buffered for clients that go to other processes go with them.
    const bool others_serve = cluster_ && cluster_->report().processes > 0;
    for (const auto& report : co_await net::reports_of(workers_)) {
      left += report.clients;
      if (others_serve) on_their_way += report.census.sent_off;
    }
  }
  if (cluster_) cluster_->leave();
  spdlog::info("event=stopped clients_left={}", left);
  stop();
}

void Server::await_signal() {
  signals_->async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reload_certificate();
    } else {
      drain();
    }
    await_signal();
  });
}

void Server::reload_certificate() {
  if (!context_.certificate) return;
  try {
    context_.certificate->reload();
    spdlog::info("event=certificate_reloaded");
  } catch (const std::exception& error) {
    spdlog::error("event=certificate_kept error=\"{}\"", error.what());
  }
}

}  // namespace onair
