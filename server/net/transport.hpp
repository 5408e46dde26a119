// What carries the bytes of a WebSocket: a TCP socket, or TLS over one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "net/aliases.hpp"
#include "net/output_queue.hpp"
#include "net/turn.hpp"

namespace onair::net {

/// Reads into the thread's shared area, so that a silent connection has no buffer, and writes many
/// pieces by one system call.
class PlainTransport {
 public:
  using Stream = asio::basic_stream_socket<tcp, Executor>;

  PlainTransport(Stream stream, Turn& turn) : socket_(std::move(stream)), turn_(turn) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  Executor executor() { return socket_.get_executor(); }

  /// Calls `done(error, bytes)` when something came; the bytes are valid during the call.
  template <typename Done>
  void read(Done done) {
    socket_.async_wait(Stream::wait_read, [this, done = std::move(done)](error_code error) mutable {
      std::size_t size = 0;
      const auto area = turn_.input_area();
      if (!error) size = socket_.read_some(asio::buffer(area.data(), area.size()), error);
      if (error == asio::error::would_block) return read(std::move(done));
      done(error, std::string_view(area.data(), size));
    });
  }

  /// Writes what it can. False where all was written or `error` is set; else what `make_done` gives
  /// is called with an error_code when there is more to do.
  template <typename MakeDone>
  bool write(OutputQueue& queue, error_code& error, MakeDone make_done) {
    thread_local OutputQueue::Gathered buffers;
    while (!queue.empty()) {
      queue.gather(buffers, kMostAtOnce);
      const std::size_t written = buffers.size() == 1
                                      ? socket_.write_some(buffers.front(), error)  // is cheaper
                                      : socket_.write_some(buffers, error);
      queue.consume(written);
      if (error == asio::error::would_block) {
        error = {};
        socket_.async_wait(Stream::wait_write, make_done());
        return true;
      }
      if (error) return false;
    }
    return false;
  }

  /// Says that nothing more will be written. `owner` keeps this alive until that is done.
  void shut_down(const std::shared_ptr<void>& /*owner*/) {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  static constexpr std::size_t kMostAtOnce = 262'144;

  Stream socket_;
  Turn& turn_;
};

class TlsTransport {
 public:
  using Stream = SslStream;

  TlsTransport(Stream stream, Turn&) : stream_(std::move(stream)) {}

  Executor executor() { return stream_.get_executor(); }

  template <typename Done>
  void read(Done done) {
    stream_.async_read_some(asio::buffer(input_), [this, done = std::move(done)](
                                                      error_code error, std::size_t size) mutable {
      done(error, std::string_view(input_.data(), size));
    });
  }

  template <typename MakeDone>
  bool write(OutputQueue& queue, error_code&, MakeDone make_done) {
    if (queue.empty()) return false;
    OutputQueue::Gathered buffers;
    queue.gather(buffers, kRecordBytes);
    // One TLS record rather than one for each piece
    record_.resize(std::min(asio::buffer_size(buffers), kRecordBytes));
    asio::buffer_copy(asio::buffer(record_), buffers);
    queue.consume(record_.size());
    asio::async_write(stream_, asio::buffer(record_),
                      [done = make_done()](error_code error, std::size_t) mutable { done(error); });
    return true;
  }

  /// Sends a close_notify (RFC 8446 section 6.1).
  void shut_down(std::shared_ptr<void> owner) {
    stream_.async_shutdown([owner = std::move(owner)](error_code) {});
  }

  void close() { beast::get_lowest_layer(stream_).close(); }

 private:
  static constexpr std::size_t kRecordBytes = 16'384;  // RFC 8446 section 5.1

  Stream stream_;
  std::array<char, 4'096> input_{};
  std::string record_;
};

}  // namespace onair::net
