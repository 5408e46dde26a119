// Where a peer of the load seems to come from.
#pragma once

#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace onair::load {

/// Servers bound what one address may do, so a crowd needs many. All of 127.0.0.0/8 are this
/// machine's, without being set up.
class SourceAddress {
 public:
  static constexpr std::uint32_t kPeersPerAddress = 100;

  explicit SourceAddress(std::uint32_t peer) : number_(peer / kPeersPerAddress) {}

  /// Before the socket connects. Throws std::system_error.
  void bind(int socket) const {
    constexpr std::uint32_t kFirst = 0x7f01'0001;  // 127.1.0.1
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(kFirst + number_);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "an address of this machine");
    }
  }

 private:
  std::uint32_t number_;
};

}  // namespace onair::load
