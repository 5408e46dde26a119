// onair-forwarder around its core: sockets, time and signals.
#pragma once

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "sfu/forwarder_edge.hpp"
#include "sfu/net/control_socket.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/idle_end.hpp"
#include "sfu/net/media_sockets.hpp"
#include "sfu/net/options.hpp"
#include "sfu/net/system.hpp"

namespace onair::sfu {

template <ForwarderCore Core>
class Program final : public PacketReceiver {
 public:
  /// Throws std::runtime_error with a sentence for people.
  explicit Program(const ProgramOptions& options)
      : exits_when_idle_(options.exit_when_idle),
        signals_(loop_, [this] { is_ended_ = true; }),
        media_(loop_, options.media_port, *this),
        control_(loop_, options.control,
                 [this](const control::Request& request, TimePoint now) {
                   return handle(request, now);
                 }),
        core_({announced_candidates(options.media_addresses, media_.port()), random_instance()},
              media_, control_) {
    log_start(media_.udp(), options.control);
  }

  /// Until SIGTERM or SIGINT, or nobody needs it any more.
  void run() {
    for (TimePoint now = Clock::now(); !is_ended_; now = loop_.tick(next_deadline())) {
      core_.advance(now);
      media_.advance(now);
      drops_.report(media_.dropped(), now);
      if (exits_when_idle_ && idle_.advance(control_.servers(), core_.peers(), now)) {
        spdlog::info("event=idle action=end");
        break;
      }
    }
    spdlog::info("event=stopped peers_left={}", static_cast<std::size_t>(core_.peers()));
    core_.close_all(Clock::now());
  }

 private:
  void receive(MutableBytes packet, const Path& from, TimePoint now) override {
    core_.receive(packet, from, now);
  }
  void connection_closed(std::uint32_t connection, TimePoint now) override {
    core_.connection_closed(connection, now);
  }
  control::Reply handle(const control::Request& request, TimePoint now) {
    control::Reply reply = core_.handle(request, now);
    if (auto* const report = std::get_if<control::Report>(&reply)) {
      report->packets_dropped = media_.dropped();
      report->cpu_seconds = cpu_seconds();
    }
    return reply;
  }
  std::optional<TimePoint> next_deadline() const {
    return earliest(core_.next_deadline(), earliest(media_.next_deadline(), idle_.next_deadline()));
  }

  bool is_ended_ = false;
  bool exits_when_idle_;
  EventLoop loop_;
  SignalWatch signals_;
  MediaSockets media_;
  ControlSocket control_;
  Core core_;
  IdleEnd idle_;
  DropLog drops_;
};

/// The whole of main.
template <ForwarderCore Core>
int run_program(int argc, const char* const* argv) {
  int exit_code = EXIT_SUCCESS;
  const auto options = read_options(argc, argv, exit_code);
  if (!options) return exit_code;
  begin_process(options->log_level);
  std::optional<Program<Core>> program;
  try {
    program.emplace(*options);
  } catch (const std::exception& error) {
    std::cerr << "onair-forwarder: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
  try {
    program->run();
  } catch (const std::exception& error) {
    // State may be half changed: a new process is better.
    spdlog::critical("event=exception error=\"{}\"", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace onair::sfu
