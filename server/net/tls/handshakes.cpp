#include "net/tls/handshakes.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include <boost/asio/bind_executor.hpp>

namespace onair::net {

/// A handshake's place among the open ones, for as long as it lives or until it gives way.
class Handshakes::Place {
 public:
  Place(std::list<Open>& open, TcpStream& stream, const std::string& address)
      : open_(open), stream_(stream) {
    open_.push_back({stream_, address});
  }
  ~Place() {
    open_.remove_if([this](const Open& open) { return &open.stream == &stream_; });
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::list<Open>& open_;
  TcpStream& stream_;
};

Task<void> Handshakes::turn() {
  co_await asio::post(asio::bind_executor(steps_.executor(), asio::use_awaitable_t<Executor>()));
}

Task<Handshakes::Result> Handshakes::accept(SslStream& stream, asio::const_buffer read,
                                            const std::string& address) {
  while (open_.size() >= most_) make_room();
  const Place place(open_, beast::get_lowest_layer(stream), address);
  auto [error, used] = co_await stream.async_handshake(
      asio::ssl::stream_base::server, read, asio::bind_executor(steps_.executor(), no_throw));
  co_return Result{error, used};
}

void Handshakes::make_room() {
  std::map<std::string_view, std::size_t> by_address;
  for (const Open& open : open_) ++by_address[open.address];
  const auto most =
      std::max_element(by_address.begin(), by_address.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto oldest = std::find_if(open_.begin(), open_.end(),
                                   [&](const Open& open) { return open.address == most->first; });
  oldest->stream.close();
  open_.erase(oldest);
}

}  // namespace onair::net
