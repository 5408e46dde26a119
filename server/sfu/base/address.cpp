#include "sfu/base/address.hpp"

#include <arpa/inet.h>

namespace onair::sfu {

std::string ip_text(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  const bool is_v4 = address.is_v4();
  inet_ntop(is_v4 ? AF_INET : AF_INET6, address.ip.data() + (is_v4 ? 12 : 0), text, sizeof text);
  return text;
}

}  // namespace onair::sfu
