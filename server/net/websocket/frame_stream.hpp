// The layer below Beast's WebSocket codec: one ordered queue for the codec's own frames and for the
// hub's, which come with their headers and are shared by all who get them.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/saved_handler.hpp>

#include "net/loop/aliases.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/tick.hpp"
#include "net/websocket/output_queue.hpp"

namespace onair::net {

/// An asynchronous stream (Beast's AsyncStream) over a PlainTransport or a TlsTransport. What is
/// written is queued, and goes out at the end of the tick.
template <typename Transport>
class FrameStream final : public Flushable {
 public:
  using executor_type = Executor;

  /// `unread` came behind the request for the upgrade. At most `max_queue_bytes` wait to be
  /// written.
  FrameStream(typename Transport::Stream stream, Tick& tick, std::string_view unread,
              std::size_t max_queue_bytes)
      : transport_(std::move(stream), tick),
        share_(tick.output_budget),
        max_queue_bytes_(max_queue_bytes) {
    if (!unread.empty()) input_ = Input(unread);
  }
  FrameStream(const FrameStream&) = delete;
  FrameStream& operator=(const FrameStream&) = delete;

  executor_type get_executor() { return transport_.executor(); }

  /// Where somebody on another thread wants to know how much waits: tells it there from now on.
  void measured_by(std::shared_ptr<OutputGauge> gauge) { gauge_ = std::move(gauge); }

  /// `owner` holds this stream and is kept alive while anything is under way. To be called first:
  /// without an owner nothing begins.
  void owned_by(const std::shared_ptr<void>& owner) { owner_ = owner; }

  /// Puts bytes behind those that wait already. False where they are too many, here or on all
  /// connections of the thread together; then nothing was added.
  bool push(std::shared_ptr<const std::string> bytes) {
    if (share_.is_beyond_fair_share(left_by_flush_)) return false;
    if (queue_.cost() + bytes->size() > max_queue_bytes_) return false;
    add(std::move(bytes));
    return true;
  }

  /// Bytes that wait to be written, and their bound.
  std::size_t queued_bytes() const { return queue_.cost(); }
  std::size_t max_queued_bytes() const { return max_queue_bytes_; }

  /// Puts the last bytes behind those that wait, beside the bound, since a client that does not get
  /// them comes back. Later output is dropped.
  void push_last(std::shared_ptr<const std::string> bytes) {
    if (!std::exchange(last_was_pushed_, true)) add(std::move(bytes));
  }

  /// Writes the waiting output, ends the output, and ignores further input. Input is read until the
  /// client ends the connection, since a client that is closed with bytes unread may lose the last
  /// output; a client that sends much is read no more. The caller bounds the time.
  void hang_up() {
    hung_up_ = true;
    continue_reading();
    flush_at_end();
  }

  /// Forgets what was not begun to be written.
  void drop_output() {
    queue_.drop_whole_pieces();
    note_change();
  }

  void flush() override {
    flush_is_due_ = false;
    left_by_flush_ = queue_.cost();
    if (write_is_pending_ || closed_) return;
    error_code error;
    write_is_pending_ = transport_.write(queue_, error, [this] {
      return [this, owner = owner()](error_code e) {
        write_is_pending_ = false;
        tick().run([&] { e ? fail(e) : flush(); });
      };
    });
    left_by_flush_ = queue_.cost();
    note_change();
    if (error) return tick().run([&] { fail(error); });
    if (!is_over() || !queue_.empty() || write_is_pending_) return;
    if (!std::exchange(shut_down_, true)) transport_.shut_down(owner());
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          for (auto it = asio::buffer_sequence_begin(into); it != asio::buffer_sequence_end(into);
               ++it) {
            target_ = *it;
            if (target_.size() > 0) break;
          }
          reader_.emplace(ReadDone<decltype(handler)>{this, std::move(handler)});
          continue_reading();
        },
        token, buffers);
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          auto bytes = std::make_shared<const std::string>(beast::buffers_to_string(from));
          const std::size_t size = bytes->size();
          const bool fits = last_was_pushed_ || push(std::move(bytes));
          const error_code error = fits ? error_code() : asio::error::no_buffer_space;
          asio::post(get_executor(), beast::bind_front_handler(std::move(handler), error, size));
        },
        token, buffers);
  }

  /// Ends everything at once; what is under way fails.
  void close() {
    closed_ = true;
    transport_.close();
    tick().later([this, owner = owner()] { fail(asio::error::operation_aborted); });
  }

  /// Forgets who waits for anything, so that nothing here holds the owner.
  void break_ownership_cycle() {
    closed_ = true;
    reader_.reset();
    teardown_.reset();
  }

  friend void beast_close_socket(FrameStream& stream) { stream.close(); }

  /// Writes what waits, says that this was all, and waits until the client has done so too. Beast
  /// bounds the time.
  template <typename Handler>
  friend void async_teardown(beast::role_type, FrameStream& stream, Handler&& handler) {
    stream.teardown_.emplace(
        TeardownDone<std::decay_t<Handler>>{&stream, std::forward<Handler>(handler)});
    stream.continue_reading();
    stream.flush_at_end();
  }

 private:
  /// Bytes that are read from a client that nobody listens to any more.
  static constexpr std::size_t kMostIgnored = 262'144;

  /// Pieces of input that are handed on before other connections are served. Beast takes 1,536
  /// bytes for a piece, or what its reader still lacks of a message.
  static constexpr int kPiecesAtOnce = 8;

  Tick& tick() { return transport_.tick(); }

  /// Throws std::bad_weak_ptr where there is none, rather than begin what nobody keeps alive.
  std::shared_ptr<void> owner() const { return std::shared_ptr<void>(owner_); }

  /// True when nothing that still comes is of use.
  bool is_over() const { return hung_up_ || teardown_.has_value(); }

  void add(std::shared_ptr<const std::string> bytes) {
    queue_.push(std::move(bytes));
    note_change();
    flush_at_end();
  }

  void note_change() {
    share_.set_bytes(queue_.cost());
    if (gauge_) gauge_->queued = queue_.cost();
  }

  void flush_at_end() {
    if (std::exchange(flush_is_due_, true)) return;
    tick().flush_at_end(std::shared_ptr<Flushable>(owner(), this));
  }

  /// Handlers with their arguments, so that saved_handler can hold them; its own argument adds
  /// nothing.
  template <typename Handler>
  struct ReadDone {
    FrameStream* stream;
    Handler handler;
    void operator()(error_code = {}) { handler(stream->read_error_, stream->read_bytes_); }
  };
  template <typename Handler>
  struct TeardownDone {
    FrameStream* stream;
    Handler handler;
    void operator()(error_code = {}) {
      const error_code error = stream->read_error_;
      handler(error == asio::error::eof ? error_code() : error);
    }
  };

  /// Somebody waits for bytes: gives what is there, or waits for more.
  void continue_reading() {
    if (std::exchange(reading_is_due_, true)) return;
    tick().later([this, owner = owner()] {
      reading_is_due_ = false;
      feed();
      if (read_error_) return resume_with_error();
      wait_for_input();
    });
  }

  void wait_for_input() {
    if (!input_.empty() || closed_ || (hung_up_ && ignored_bytes_ > kMostIgnored)) return;
    if (!reader_.has_value() && !teardown_.has_value()) return;
    if (std::exchange(read_is_pending_, true)) return;
    transport_.read([this, owner = owner()](error_code error, Input input) {
      read_is_pending_ = false;
      tick().run([&] {
        if (error) return fail(error);
        input_ = std::move(input);
        feed();
        wait_for_input();
      });
      input_.leave_pool();  // it may take long until somebody reads what is left
    });
  }

  /// Hands bytes to whoever reads, until nobody does or others have waited long enough.
  void feed() {
    if (feeding_is_due_) return;
    if (is_over()) {
      ignored_bytes_ += input_.rest().size();
      input_ = {};
    }
    for (int pieces = 0; !input_.empty() && reader_.has_value(); ++pieces) {
      if (pieces == kPiecesAtOnce) return feed_later();
      read_bytes_ = std::min(input_.rest().size(), target_.size());
      std::memcpy(target_.data(), input_.rest().data(), read_bytes_);
      input_.consume(read_bytes_);
      reader_.invoke();
    }
  }

  void feed_later() {
    feeding_is_due_ = true;
    asio::post(get_executor(), [this, owner = owner()] {
      feeding_is_due_ = false;
      tick().run([&] {
        feed();
        wait_for_input();
      });
    });
  }

  void fail(error_code error) {
    if (!read_error_) read_error_ = error;
    resume_with_error();
  }

  void resume_with_error() {
    read_bytes_ = 0;
    if (reader_.has_value()) reader_.invoke();
    if (!teardown_.has_value()) return;
    closed_ = true;
    transport_.close();
    teardown_.invoke();
  }

  // First what every write needs, so that Tick fetches it from memory ahead of time.
  Transport transport_;
  OutputQueue queue_;
  bool flush_is_due_ = false;
  bool write_is_pending_ = false;
  bool shut_down_ = false;
  bool last_was_pushed_ = false;
  bool hung_up_ = false;
  bool closed_ = false;
  /// Bytes left after the last flush. Later bytes do not show how fast the client reads.
  std::size_t left_by_flush_ = 0;
  ByteShare share_;                     ///< what waits to be written
  std::shared_ptr<OutputGauge> gauge_;  ///< mostly null
  beast::saved_handler teardown_;

  std::weak_ptr<void> owner_;
  std::size_t max_queue_bytes_;
  std::size_t ignored_bytes_ = 0;

  Input input_;                  ///< read from the transport and not yet handed on
  asio::mutable_buffer target_;  ///< the reader's, as long as there is one
  beast::saved_handler reader_;
  error_code read_error_;
  std::size_t read_bytes_ = 0;
  bool reading_is_due_ = false;
  bool feeding_is_due_ = false;
  bool read_is_pending_ = false;
};

/// For Beast's synchronous close, which is not used.
template <typename Transport>
void teardown(beast::role_type, FrameStream<Transport>& stream, error_code&) {
  stream.close();
}

}  // namespace onair::net
