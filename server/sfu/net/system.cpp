#include "sfu/net/system.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <system_error>

#include <spdlog/spdlog.h>

#include "sfu/base/random.hpp"
#include "sfu/net/addresses.hpp"
#include "sfu/net/socket_address.hpp"

namespace onair::sfu {

void begin_process(const std::string& log_level) {
  spdlog::set_level(spdlog::level::from_str(log_level));
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l program=forwarder %v");
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

SignalWatch::SignalWatch(EventLoop& loop, std::function<void()> end) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = Descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) throw std::system_error(errno, std::generic_category(), "signalfd");
  watch_ = Watch(loop, signals_.get(), EPOLLIN,
                 [end = std::move(end)](std::uint32_t, TimePoint) { end(); });
}

std::string random_instance() {
  std::array<std::uint8_t, 8> bytes;
  fill_random(bytes);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
  return text;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void log_start(const UdpSocket& udp, const std::filesystem::path& control) {
  spdlog::info("event=started media_port={} control=\"{}\"", udp.port(), control.string());
  constexpr int kEnoughBytes = 4'194'304;
  if (udp.receive_buffer() < kEnoughBytes) {
    spdlog::warn("event=small_socket_buffer bytes={} hint=\"sysctl net.core.rmem_max={} wmem_max\"",
                 udp.receive_buffer(), 2 * kEnoughBytes);
  }
}

void DropLog::report(std::uint64_t dropped, TimePoint now) {
  if (dropped == reported_ || (next_ && now < *next_)) return;
  spdlog::warn("event=packets_dropped count={} total={}", dropped - reported_, dropped);
  reported_ = dropped;
  next_ = now + std::chrono::seconds(10);
}

}  // namespace onair::sfu
