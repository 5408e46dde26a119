// Transports of a WebSocket's bytes: a TCP socket, or TLS over one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "net/loop/aliases.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/tick.hpp"
#include "net/websocket/output_queue.hpp"

namespace onair::net {

/// Takes a buffer when there is something to read, so that a silent connection has none, and writes
/// many pieces by one system call.
class PlainTransport {
 public:
  using Stream = asio::basic_stream_socket<tcp, Executor>;

  PlainTransport(Stream stream, Tick& tick) : socket_(std::move(stream)), tick_(tick) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  Executor executor() { return socket_.get_executor(); }

  Tick& tick() { return tick_; }

  /// Calls `done(error, input)` when something came.
  template <typename Done>
  void read(Done done) {
    socket_.async_wait(Stream::wait_read, [this, done = std::move(done)](error_code error) mutable {
      if (error) return done(error, Input());
      Buffer buffer = tick_.buffers().take();
      const std::size_t size =
          socket_.read_some(asio::buffer(buffer.get(), BufferPool::kBytes), error);
      if (error == asio::error::would_block) return read(std::move(done));
      done(error, Input(std::move(buffer), size));
    });
  }

  /// Writes what it can. False where all was written or `error` is set; else what `make_done` gives
  /// is called with an error_code when there is more to do.
  template <typename MakeDone>
  bool write(OutputQueue& queue, error_code& error, MakeDone make_done) {
    while (!queue.empty()) {
      const auto buffers = queue.gather(kMostAtOnce);
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
  Tick& tick_;
};

class TlsTransport {
 public:
  using Stream = SslStream;

  TlsTransport(Stream stream, Tick& tick) : stream_(std::move(stream)), tick_(tick) {}

  Executor executor() { return stream_.get_executor(); }
  Tick& tick() { return tick_; }

  /// Waits with little memory for the beginning of a record, and takes a buffer when that came.
  template <typename Done>
  void read(Done done) {
    stream_.async_read_some(asio::buffer(begun_), [this, done = std::move(done)](
                                                      error_code error, std::size_t size) mutable {
      done(error, error ? Input() : whole_record(size));
    });
  }

  template <typename MakeDone>
  bool write(OutputQueue& queue, error_code&, MakeDone make_done) {
    if (queue.empty()) return false;
    const auto pieces = queue.gather(kRecordBytes);
    // A single TLS record rather than one for each piece. The operation owns it.
    const std::size_t size = std::min(asio::buffer_size(pieces), kRecordBytes);
    Buffer record(new char[size]);
    const auto bytes = asio::buffer(record.get(), size);
    asio::buffer_copy(bytes, pieces);
    queue.consume(size);
    asio::async_write(stream_, bytes,
                      [done = make_done(), record = std::move(record)](
                          error_code error, std::size_t) mutable { done(error); });
    return true;
  }

  /// Sends a close_notify (RFC 8446 section 6.1).
  void shut_down(std::shared_ptr<void> owner) {
    stream_.async_shutdown([owner = std::move(owner)](error_code) {});
  }

  void close() { beast::get_lowest_layer(stream_).close(); }

 private:
  static constexpr std::size_t kRecordBytes = 16'384;  // RFC 8446 section 5.1
  static constexpr std::size_t kBegun = 256;
  static_assert(kBegun + kRecordBytes <= BufferPool::kBytes);

  /// The first `size` bytes of a record, which stand in `begun_`, and the others, which OpenSSL has
  /// decrypted with them: there is nothing to wait for.
  Input whole_record(std::size_t size) {
    Buffer buffer = tick_.buffers().take();
    std::memcpy(buffer.get(), begun_.data(), size);
    const int others = SSL_pending(stream_.native_handle());
    error_code ignored;  // the next read has it too
    if (others > 0) {
      const auto count = static_cast<std::size_t>(others);
      size += stream_.read_some(asio::buffer(buffer.get() + size, count), ignored);
    }
    return {std::move(buffer), size};
  }

  Stream stream_;
  Tick& tick_;
  std::array<char, kBegun> begun_{};  ///< for the read that waits, and nothing else
};

}  // namespace onair::net
