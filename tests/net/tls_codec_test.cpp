#include "net/tls/tls_codec.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <gtest/gtest.h>

#include "net/tls/tls.hpp"

namespace onair::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

class TlsCodecTest : public testing::Test {
 protected:
  TlsCodecTest() {
    std::string name = (std::filesystem::temp_directory_path() / "onair-codec-XXXXXX").string();
    const std::filesystem::path folder = mkdtemp(name.data());
    const Certificate certificate(self_signed_certificate(folder, {"localhost"}));
    server_ssl = {SSL_new(certificate.context()->native_handle()), SSL_free};
    client_ssl = {SSL_new(any.native_handle()), SSL_free};
    BIO* at_server = nullptr;
    BIO* at_client = nullptr;
    BIO_new_bio_pair(&at_server, 0, &at_client, 0);
    SSL_set_bio(server_ssl.get(), at_server, at_server);
    SSL_set_bio(client_ssl.get(), at_client, at_client);
    SSL_set_accept_state(server_ssl.get());
    SSL_set_connect_state(client_ssl.get());
    while (SSL_do_handshake(client_ssl.get()) != 1) SSL_do_handshake(server_ssl.get());
    SSL_do_handshake(server_ssl.get());
    // First the client, for which the server's session tickets wait.
    client = std::make_unique<TlsCodec>(*client_ssl);
    server = std::make_unique<TlsCodec>(*server_ssl);
    std::filesystem::remove_all(folder);
  }

  /// Records with these texts, as they go over the network.
  static std::string sent_by(TlsCodec& from, std::initializer_list<std::string_view> texts) {
    error_code error;
    for (const std::string_view text : texts) from.encrypt(asio::buffer(text), error);
    EXPECT_FALSE(error);
    return take_output(from);
  }
  static std::string take_output(TlsCodec& from) {
    std::string bytes(from.output());
    from.sent(bytes.size());
    return bytes;
  }
  std::string decrypt(TlsCodec& to, std::string_view bytes, std::size_t most = 65'536) {
    std::string text(most, '\0');
    text.resize(to.decrypt(bytes, asio::buffer(text), error));
    return text;
  }

  asio::ssl::context any{asio::ssl::context::tls_client};
  Ssl server_ssl{nullptr, SSL_free};
  Ssl client_ssl{nullptr, SSL_free};
  std::unique_ptr<TlsCodec> client;
  std::unique_ptr<TlsCodec> server;
  error_code error;  ///< of the last `decrypt`
};

TEST_F(TlsCodecTest, ReadsWhatTheOtherHasWritten) {
  EXPECT_EQ(decrypt(*server, sent_by(*client, {"to the ", "server"})), "to the server");
  EXPECT_EQ(error, asio::error::would_block);
  EXPECT_EQ(decrypt(*client, sent_by(*server, {"to the client"})), "to the client");
  EXPECT_EQ(error, asio::error::would_block);
  EXPECT_TRUE(server->output().empty());
}

TEST_F(TlsCodecTest, TakesRecordsInPieces) {
  const std::string bytes = sent_by(*client, {"one", "two"});
  std::string text;
  for (const char byte : bytes) {
    text += decrypt(*server, {&byte, 1});
    ASSERT_EQ(error, asio::error::would_block);
  }
  EXPECT_EQ(text, "onetwo");
}

TEST_F(TlsCodecTest, KeepsWhatHasNoRoom) {
  std::string text = decrypt(*server, sent_by(*client, {"one", "two", "three"}), 4);
  EXPECT_FALSE(error) << "there is more";
  text += decrypt(*server, sent_by(*client, {"four"}), 4);
  while (!error) text += decrypt(*server, {}, 4);
  EXPECT_EQ(error, asio::error::would_block);
  EXPECT_EQ(text, "onetwothreefour");
}

TEST_F(TlsCodecTest, TheEndComesBehindTheLastText) {
  std::string bytes = sent_by(*client, {"the last"});
  client->end();
  bytes += take_output(*client);
  EXPECT_EQ(decrypt(*server, bytes), "the last");
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_EQ(decrypt(*server, {}), "");
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_EQ(decrypt(*client, sent_by(*server, {"and back"})), "and back") << "one side is open";
}

TEST_F(TlsCodecTest, AForgedByteEndsIt) {
  std::string bytes = sent_by(*client, {"text"});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(decrypt(*server, bytes), "");
  EXPECT_EQ(error.category(), asio::error::get_ssl_category());
  const error_code first = error;
  EXPECT_EQ(decrypt(*server, sent_by(*client, {"more"})), "");
  EXPECT_EQ(error, first);
  EXPECT_FALSE(server->output().empty()) << "it says why";
}

TEST_F(TlsCodecTest, WhatAClientWantsAndDoesNotReadHasABound) {
  std::size_t most = 0;
  error_code failed;
  for (int n = 0; n < 10'000 && !failed; ++n) {
    SSL_key_update(client_ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    decrypt(*server, sent_by(*client, {"x"}));
    if (error != asio::error::would_block) failed = error;
    most = std::max(most, server->output().size());
  }
  EXPECT_EQ(failed, asio::error::no_buffer_space);
  EXPECT_LT(most, 70'000u);
}

}  // namespace
}  // namespace onair::net
