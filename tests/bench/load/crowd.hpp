// Many clients of one kind.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "load/client.hpp"

namespace onair::load {

/// A crowd on one io_context, spread over servers, and the number of frames that it has received.
class Crowd {
 public:
  Crowd(Dialect dialect, std::vector<std::uint16_t> ports)
      : dialect_(dialect), ports_(std::move(ports)) {}

  Client& add() {
    clients_.push_back(std::make_unique<Client>(context_, dialect_));
    clients_.back()->on_frame = [this](std::string_view) { ++received_; };
    return *clients_.back();
  }

  /// Lets them join, so many at a time, and waits until all are in.
  void join(const std::vector<Client*>& clients,
            const std::function<std::string(std::size_t)>& room,
            const std::function<bool(std::size_t)>& talks, std::size_t at_once = 64) {
    std::size_t begun = 0;
    std::size_t joined = 0;
    std::function<void()> next = [&] {
      if (begun == clients.size()) return;
      const std::size_t i = begun++;
      clients[i]->join(ports_[i % ports_.size()], room(i), talks(i), [&] {
        ++joined;
        next();
      });
    };
    for (std::size_t i = 0; i < at_once; ++i) next();
    run_until([&] { return joined == clients.size(); });
  }

  std::vector<Client*> add_and_join(std::size_t count,
                                    const std::function<std::string(std::size_t)>& room,
                                    const std::function<bool(std::size_t)>& talks) {
    std::vector<Client*> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(&add());
    join(clients, room, talks);
    return clients;
  }

  void run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!done()) {
      if (context_.run_one_for(std::chrono::seconds(5)) == 0 ||
          std::chrono::steady_clock::now() > until) {
        std::cerr << "load: the server has fallen silent; received " << received_ << "\n";
        std::exit(1);
      }
    }
  }

  void run_for(std::chrono::milliseconds time) { context_.run_for(time); }

  std::size_t received() const { return received_; }

 private:
  Dialect dialect_;
  std::vector<std::uint16_t> ports_;
  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t received_ = 0;
};

}  // namespace onair::load
