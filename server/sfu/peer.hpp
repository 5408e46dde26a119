// One peer of the forwarder: a connection, what was agreed with it, and its part in its room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "sfu/base/random.hpp"
#include "sfu/control/control.hpp"
#include "sfu/negotiation/negotiation.hpp"
#include "sfu/publication/viewer_ids.hpp"
#include "sfu/transport.hpp"

namespace onair::sfu {

struct RoomEntry;

struct Peer {
  enum class Part : std::uint8_t { publishing, subscribing };

  Peer(control::PeerId its_id, Part its_part, RoomEntry& its_entry, std::string its_note,
       TransportContext& context, TimePoint now)
      : id(std::move(its_id)),
        part(its_part),
        entry(its_entry),
        note(std::move(its_note)),
        transport(context, now) {}

  bool publishes() const { return part == Part::publishing; }
  bool is_connected() const { return transport.state() == Transport::State::connected; }

  const control::PeerId id;
  const Part part;
  RoomEntry& entry;
  const std::string note;
  Transport transport;
  std::optional<Agreed> agreed;                   ///< nothing: it has not answered yet
  std::optional<SubscriberOffer> offer;           ///< our offer that waits for its answer
  std::optional<ViewerId> viewer;                 ///< once it is connected and subscribes
  const std::uint64_t session_id = random_u32();  ///< of our descriptions
  std::uint64_t session_version = 0;              ///< of the last one
};

}  // namespace onair::sfu
