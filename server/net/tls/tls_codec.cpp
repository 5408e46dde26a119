#include "net/tls/tls_codec.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>

namespace onair::net {

namespace asio = boost::asio;
using boost::system::error_code;

TlsCodec::TlsCodec(SSL& ssl) {
  SSL_up_ref(&ssl);
  ssl_.reset(&ssl);
  // From where OpenSSL has read until now.
  BIO* const earlier = SSL_get_rbio(&ssl);
  left_over_.resize(BIO_ctrl_pending(earlier));
  if (!left_over_.empty()) {
    const int read = BIO_read(earlier, left_over_.data(), static_cast<int>(left_over_.size()));
    left_over_.resize(static_cast<std::size_t>(std::max(0, read)));
  }
  BIO* const bio = BIO_new(bio_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(&ssl, bio, bio);
}

std::size_t TlsCodec::decrypt(std::string_view received, asio::mutable_buffer into,
                              error_code& error) {
  error = ended_;
  if (error) return 0;
  std::string both;
  if (!left_over_.empty()) {
    both = std::exchange(left_over_, {}).append(received);
    received = both;
  }
  input_ = received;
  ERR_clear_error();
  std::size_t size = 0;
  while (!error && size < into.size()) {
    std::size_t bytes = 0;
    char* const to = static_cast<char*>(into.data()) + size;
    const int result = SSL_read_ex(ssl_.get(), to, into.size() - size, &bytes);
    size += bytes;
    if (result != 1) error = error_of(result);
  }
  left_over_ = std::exchange(input_, {});
  if (output_.size() > kMostOutput) error = asio::error::no_buffer_space;
  if (error != asio::error::would_block) ended_ = error;
  return size;
}

void TlsCodec::encrypt(asio::const_buffer bytes, error_code& error) {
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (result != 1) error = error_of(result);
}

void TlsCodec::end() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void TlsCodec::sent(std::size_t bytes) {
  output_.erase(0, bytes);
  if (output_.empty()) std::string().swap(output_);
}

error_code TlsCodec::error_of(int result) const {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN: return asio::error::eof;
    default: break;
  }
  const auto number = static_cast<int>(ERR_get_error());
  if (number == 0) return asio::ssl::error::stream_truncated;
  return {number, asio::error::get_ssl_category()};
}

/// The BIO (OpenSSL's stream of bytes) between OpenSSL and this. It lives as long as the program.
const BIO_METHOD* TlsCodec::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "onair");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, take_input);
    BIO_meth_set_write(made, add_output);
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

int TlsCodec::take_input(BIO* bio, char* into, int size) {
  std::string_view& input = static_cast<TlsCodec*>(BIO_get_data(bio))->input_;
  const std::size_t taken = input.copy(into, static_cast<std::size_t>(size));
  input.remove_prefix(taken);
  BIO_clear_retry_flags(bio);
  if (taken == 0) BIO_set_retry_read(bio);
  return taken == 0 ? -1 : static_cast<int>(taken);
}

int TlsCodec::add_output(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto& output = static_cast<TlsCodec*>(BIO_get_data(bio))->output_;
  try {
    output.append(bytes, static_cast<std::size_t>(size));
  } catch (const std::bad_alloc&) {  // which must not go through C
    return -1;
  }
  return size;
}

}  // namespace onair::net
