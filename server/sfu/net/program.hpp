// onair-forwarder around its core: sockets, time and signals.
#pragma once

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

#include "sfu/forwarder_edge.hpp"
#include "sfu/net/addresses.hpp"
#include "sfu/net/control_socket.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/farewell_file.hpp"
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
        addresses_(options.media_addresses, media_.port()),
        core_({addresses_.candidates(), random_instance()}, media_, control_),
        farewells_(options.control.string() + ".farewells") {
    log_start(media_.udp(), options.control);
    take_farewells();
  }

  /// Until SIGTERM or SIGINT, or nobody needs it any more.
  void run() {
    for (TimePoint now = Clock::now(); !is_ended_; now = loop_.tick(next_deadline())) {
      core_.advance(now);
      media_.advance(now);
      farewells_.keep(core_, media_.udp().local_addresses(), now);
      left_.advance(now,
                    [this](const Farewell& each) { media_.send(each.to, each.datagram(), 0); });
      drops_.report(media_.dropped(), now);
      if (exits_when_idle_ && idle_.advance(control_.servers(), core_.peers(), now)) {
        spdlog::info("event=idle action=end");
        break;
      }
    }
    spdlog::info("event=stopped peers_left={}", static_cast<std::size_t>(core_.peers()));
    core_.close_all(Clock::now());
    farewells_.remove();
  }

 private:
  void receive(MutableBytes packet, const Path& from, TimePoint now) override {
    core_.receive(packet, from, now);
  }
  void connection_closed(std::uint32_t connection, TimePoint now) override {
    core_.connection_closed(connection, now);
  }
  control::Reply handle(const control::Request& request, TimePoint now) {
    if (addresses_.have_changed(now)) core_.set_candidates(addresses_.candidates());
    control::Reply reply = core_.handle(request, now);
    if (auto* const report = std::get_if<control::Report>(&reply)) {
      report->packets_dropped = media_.dropped();
      report->cpu_seconds = cpu_seconds();
    }
    return reply;
  }
  /// The farewells that a killed process left go out by and by.
  void take_farewells() {
    FarewellFile::Left left = farewells_.take_left();
    if (!left.farewells.empty()) spdlog::warn("event=farewells count={}", left.farewells.size());
    media_.udp().take_over(std::move(left.local));
    left_ = FarewellRounds(std::move(left.farewells), Clock::now());
  }
  std::optional<TimePoint> next_deadline() const {
    const auto of_edge = earliest(media_.next_deadline(), farewells_.next_deadline(core_));
    const auto of_rest = earliest(left_.next_deadline(), idle_.next_deadline());
    return earliest(earliest(core_.next_deadline(), of_edge), of_rest);
  }

  bool is_ended_ = false;
  bool exits_when_idle_;
  EventLoop loop_;
  SignalWatch signals_;
  MediaSockets media_;
  ControlSocket control_;
  AnnouncedAddresses addresses_;
  Core core_;
  FarewellFile farewells_;
  FarewellRounds left_;
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
