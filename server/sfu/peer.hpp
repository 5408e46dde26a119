// A peer of the forwarder: its connection, its agreement, and its role in its room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/rate_limit.hpp"
#include "sfu/base/random.hpp"
#include "sfu/control/control.hpp"
#include "sfu/negotiation/negotiation.hpp"
#include "sfu/publication/viewer_ids.hpp"
#include "sfu/timetable.hpp"
#include "sfu/transport.hpp"

namespace onair::sfu {

class RoomEntry;

/// Datagrams of RTCP from one peer. A browser sends up to 50 a second of NACK, and its reports.
inline constexpr base::Rate kRtcpRate{std::chrono::milliseconds(5), 400};

/// Packets of a talker's. 20 Mbit/s in packets of 1,200 bytes are 2,100 a second.
inline constexpr base::Rate kRtpRate{std::chrono::microseconds(200), 10'000};

class Peer {
 public:
  enum class Role : std::uint8_t { publishing, subscribing };

  Peer(control::PeerId its_id, Role its_role, RoomEntry& its_entry, std::string its_note,
       TransportContext& context, Timetable<Peer>& timetable, TimePoint now)
      : id(std::move(its_id)),
        role(its_role),
        entry(its_entry),
        note(std::move(its_note)),
        timetable_(timetable),
        transport_(context, now) {
    timetable_.touch(*this, now);
  }
  Peer(const Peer&) = delete;  // the timetable points to it
  Peer& operator=(const Peer&) = delete;
  ~Peer() { timetable_.forget(*this); }

  bool publishes() const { return role == Role::publishing; }
  bool is_connected() const { return transport_.state() == Transport::State::connected; }

  const Transport& transport() const { return transport_; }
  /// The only way to change it, so that no deadline of its can be missed.
  Transport& change_transport(TimePoint now) {
    timetable_.touch(*this, now);
    return transport_;
  }
  /// Media came. It moves a deadline later, which the timetable finds out when the earlier one
  /// comes.
  void note_received(TimePoint now) { transport_.ice().note_received(now); }
  std::optional<TimePoint> next_deadline(TimePoint now) const {
    return transport_.next_deadline(now);
  }

  const control::PeerId id;
  const Role role;
  RoomEntry& entry;
  std::string note;                      ///< the server's, for a server that comes later
  std::optional<Agreed> agreed;          ///< nothing: it has not answered yet
  std::optional<SubscriberOffer> offer;  ///< our offer that waits for its answer
  bool has_connected = false;            ///< its room knows
  base::RateLimit rtp;
  base::RateLimit rtcp;
  std::optional<Path> connected_path;             ///< by which DTLS finished
  std::optional<ViewerId> viewer;                 ///< once it is connected and subscribes
  const std::uint64_t session_id = random_u32();  ///< of our descriptions
  std::uint64_t session_version = 0;              ///< of the last one

 private:
  Timetable<Peer>& timetable_;
  Transport transport_;
};

}  // namespace onair::sfu
