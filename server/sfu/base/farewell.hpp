// A DTLS close_notify prepared in advance; the next forwarder sends it after a crash.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"

namespace onair::sfu {

/// The datagram that ends a peer's DTLS, encrypted in advance. Whoever sends it from our port ends
/// the connection: so the process that comes after one that was killed tells the peers, which would
/// otherwise learn it by silence. Our address counts too: a NAT lets no other one in.
struct Farewell {
  static constexpr std::size_t kMaxBytes = 64;

  /// Nothing for a datagram that is empty or too long.
  static std::optional<Farewell> to_peer(const Path& to, Bytes datagram) {
    if (datagram.empty() || datagram.size() > kMaxBytes) return std::nullopt;
    Farewell farewell{.to = to, .size = static_cast<std::uint8_t>(datagram.size()), .bytes = {}};
    std::ranges::copy(datagram, farewell.bytes.begin());
    return farewell;
  }
  Bytes datagram() const { return Bytes(bytes).first(size); }

  Path to;
  std::uint8_t size = 0;  ///< of the datagram
  std::array<std::uint8_t, kMaxBytes> bytes{};

  friend bool operator==(const Farewell&, const Farewell&) = default;
};
static_assert(std::is_trivially_copyable_v<Farewell>, "it is kept in a file as it is");

}  // namespace onair::sfu
