// Transports of a WebSocket's bytes: a TCP socket, or TLS over one.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/bind_handler.hpp>

#include "net/loop/aliases.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/tick.hpp"
#include "net/tls/tls_codec.hpp"
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
          socket_.read_some(asio::buffer(buffer.get(), Tick::kReadBytes), error);
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

/// The same over TLS. It too waits for the socket alone, so that what is pending uses no memory.
/// Asio's stream served the handshake and HTTP, with one operation at a time: two at a time would
/// share its buffers, by a lock that one may lose to the other.
class TlsTransport {
 public:
  using Stream = SslStream;

  /// The handshake is done, and nothing is under way on `stream`.
  TlsTransport(Stream stream, Tick& tick)
      : codec_(*stream.native_handle()),
        socket_(beast::get_lowest_layer(stream).release_socket()),
        tick_(tick) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  Executor executor() { return socket_.get_executor(); }
  Tick& tick() { return tick_; }

  template <typename Done>
  void read(Done done) {
    auto read_ready = [this, done = std::move(done)](error_code error) mutable {
      Input input;
      if (!error) input = read_now(error);
      if (error == asio::error::would_block) return read(std::move(done));
      done(error, std::move(input));
    };
    if (!has_more_) return socket_.async_wait(Socket::wait_read, std::move(read_ready));
    asio::post(executor(), beast::bind_front_handler(std::move(read_ready), error_code()));
  }

  template <typename MakeDone>
  bool write(OutputQueue& queue, error_code& error, MakeDone make_done) {
    while (send(error)) {
      if (queue.empty()) return false;
      encrypt_record(queue, error);
      if (error) return false;
    }
    if (error) return false;
    socket_.async_wait(Socket::wait_write, make_done());
    return true;
  }

  void shut_down(std::shared_ptr<void> owner) {
    codec_.end();
    send_end(std::move(owner));
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  using Socket = PlainTransport::Stream;

  /// Bytes that are received at once: as a rule what they hold, and what was there of a record,
  /// fits into one buffer.
  static constexpr std::size_t kMostAtOnce = 32'768;
  static_assert(kMostAtOnce + TlsCodec::kRecordBytes <= Tick::kReadBytes);

  Input read_now(error_code& error) {
    const Buffer received = tick_.buffers().take();
    std::size_t bytes = 0;
    if (!has_more_) {
      bytes = socket_.read_some(asio::buffer(received.get(), kMostAtOnce), error);
      if (error == asio::error::eof) error = asio::ssl::error::stream_truncated;
      if (error) return {};
    }
    Buffer text = tick_.buffers().take();
    const std::size_t size =
        codec_.decrypt({received.get(), bytes}, asio::buffer(text.get(), Tick::kReadBytes), error);
    has_more_ = error != asio::error::would_block;
    error_code ignored;  // what is not sent now goes with the next write
    send(ignored);
    if (size == 0) return {};
    error = {};  // it comes again
    return {std::move(text), size};
  }

  /// Sends what is encrypted. False where it can't: without an error, for now.
  bool send(error_code& error) {
    while (!codec_.output().empty()) {
      codec_.sent(socket_.write_some(asio::buffer(codec_.output()), error));
      if (!error) continue;
      if (error == asio::error::would_block) error = {};
      return false;
    }
    return true;
  }

  /// A single record rather than one for each piece.
  void encrypt_record(OutputQueue& queue, error_code& error) {
    const auto pieces = queue.gather(TlsCodec::kRecordBytes);
    const Buffer record = tick_.buffers().take();
    const std::size_t size =
        asio::buffer_copy(asio::buffer(record.get(), TlsCodec::kRecordBytes), pieces);
    codec_.encrypt(asio::buffer(record.get(), size), error);
    queue.consume(size);
  }

  void send_end(std::shared_ptr<void> owner) {
    error_code error;
    if (send(error) || error) {
      socket_.shutdown(tcp::socket::shutdown_send, error);
      return;
    }
    socket_.async_wait(Socket::wait_write, [this, owner = std::move(owner)](error_code failed) {
      if (!failed) send_end(owner);
    });
  }

  TlsCodec codec_;
  Socket socket_;
  Tick& tick_;
  bool has_more_ = true;  ///< to be read without the socket, as HTTP may have left it
};

}  // namespace onair::net
