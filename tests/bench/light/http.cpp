#include "light/http.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <system_error>

namespace onair::load {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string request_text(const HttpServer& server, std::string_view method, std::string_view path,
                         std::string_view body) {
  std::ostringstream out;
  out << method << ' ' << path << " HTTP/1.1\r\nHost: " << server.host << ':' << server.port
      << "\r\nContent-Type: application/sdp\r\nConnection: close\r\n";
  if (!server.token.empty()) out << "Authorization: Bearer " << server.token << "\r\n";
  out << "Content-Length: " << body.size() << kEndOfHead << body;
  return out.str();
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

HttpRequest::HttpRequest(const HttpServer& server, const SourceAddress& from,
                         std::string_view method, std::string_view path, std::string_view body)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  if (inet_pton(AF_INET, server.host.c_str(), &address.sin_addr) != 1) {
    throw std::system_error(EINVAL, std::generic_category(), "the server's address");
  }
  from.bind(socket_.get());
  // Connecting and writing block: the server is near, and a request fits the socket's buffer.
  if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect to the server");
  }
  const std::string request = request_text(server, method, path, body);
  if (send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("send");
  fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
}

bool HttpRequest::receive() {
  std::array<char, 4'096> buffer;
  ssize_t size = 0;
  while ((size = recv(socket_.get(), buffer.data(), buffer.size(), 0)) > 0) {
    response_.append(buffer.data(), static_cast<std::size_t>(size));
  }
  const bool is_cut = size == 0 || errno != EAGAIN;
  return is_cut || is_whole();
}

std::string_view HttpRequest::head() const {
  return std::string_view(response_).substr(0, response_.find(kEndOfHead));
}

std::string_view HttpRequest::header(std::string_view name) const {
  std::string_view rest = head();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    const std::size_t colon = line.find(": ");
    if (colon != name.size()) continue;
    const bool is_it = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) ==
             std::tolower(static_cast<unsigned char>(b));
    });
    if (is_it) return line.substr(colon + 2);
  }
  return {};
}

bool HttpRequest::is_whole() const {
  if (response_.find(kEndOfHead) == std::string::npos) return false;
  std::size_t length = 0;
  const std::string_view value = header("Content-Length");
  std::from_chars(value.data(), value.data() + value.size(), length);
  return body().size() >= length;
}

int HttpRequest::status() const {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  int status = 0;
  if (response_.starts_with(kStart)) {
    const char* const at = response_.data() + kStart.size();
    std::from_chars(at, response_.data() + response_.size(), status);
  }
  return status;
}

std::string_view HttpRequest::location() const {
  return header("Location");
}

std::string_view HttpRequest::body() const {
  const std::size_t end = response_.find(kEndOfHead);
  return end == std::string::npos ? std::string_view{}
                                  : std::string_view(response_).substr(end + kEndOfHead.size());
}

}  // namespace onair::load
