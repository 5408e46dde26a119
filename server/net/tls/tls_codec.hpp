// TLS without a socket: bytes that were received go in, bytes to be sent come out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <openssl/ssl.h>

namespace onair::net {

/// One end of a connection whose handshake is done. No call waits, and none keeps the memory that
/// it is given, so that reads and writes may alternate as they like.
class TlsCodec {
 public:
  /// Bytes that encrypt() takes at most: those of one record (RFC 8446 section 5.1).
  static constexpr std::size_t kRecordBytes = 16'384;

  /// Goes on where `ssl` is. What others have received for it and not yet used comes first.
  explicit TlsCodec(SSL& ssl);
  TlsCodec(const TlsCodec&) = delete;
  TlsCodec& operator=(const TlsCodec&) = delete;

  /// Decrypts what is left of earlier bytes, then `received`, and gives the bytes that are in
  /// `into` then. `error` says why there are no more: `would_block` where all is used up, none
  /// where `into` is full, `eof` after a close_notify. Any other ends the connection, as does
  /// `eof`: it comes again with each further call.
  std::size_t decrypt(std::string_view received, boost::asio::mutable_buffer into,
                      boost::system::error_code& error);

  /// Adds a record with these bytes to the output.
  void encrypt(boost::asio::const_buffer bytes, boost::system::error_code& error);

  /// Adds a close_notify to the output, the last of it (RFC 8446 section 6.1).
  void end();

  /// Bytes to be sent. Reading adds some too, where the client wants new keys or has failed.
  std::string_view output() const { return output_; }
  /// Removes the first `bytes` bytes, and with the last of them the memory.
  void sent(std::size_t bytes);

 private:
  /// A client whose wishes make more output than this, and that reads none of it, is cut off.
  static constexpr std::size_t kMostOutput = 65'536;

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  static const BIO_METHOD* bio_method();
  static int take_input(BIO* bio, char* into, int size);
  static int add_output(BIO* bio, const char* bytes, int size);

  boost::system::error_code error_of(int result) const;

  std::unique_ptr<SSL, Free> ssl_;
  std::string left_over_;   ///< received, and not used because of a full `into`
  std::string_view input_;  ///< empty but while decrypt() runs
  std::string output_;
  boost::system::error_code ended_;
};

}  // namespace onair::net
