// The kinds of members: the ways into the rooms, and what the hub does differently for each.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/message.hpp"
#include "rooms/pass.hpp"
#include "rooms/resume_tokens.hpp"

namespace onair::rooms {

/// A new way in is one more constant of this type, and whatever calls Hub::enter and Hub::send.
struct MemberKind {
  /// Its role is inferred from its messages; false: it is the role that it entered with. By its
  /// role it holds a talk slot or counts as a viewer. An inferred talker takes the talk slot by
  /// `talk_ready` if one is free and its pass allows; an inferred viewer is one that has requested
  /// a stream.
  bool infers_role;
  /// Sends and receives anything: it may send any JSON object, of types that we don't know too,
  /// which reaches members like it alone; and it receives every broadcast, whoever that is for. Our
  /// commands are objects like others to it.
  bool any_message;
  /// Others learn that it has gone to another room even if it never sent anything.
  bool announced;
  /// Gets a resume token: without its socket it stays a member for the grace time, and its frames
  /// are buffered.
  bool buffered_while_away;
  /// Watches on behalf of others: of WHEP players, of which it tells the talker by `players` and
  /// which count in `audience` where it does not; and of pages, which it sends what a talker sends,
  /// to one at a time. So it reaches everyone, and viewers reach it as they reach talkers.
  bool is_forwarder = false;
  /// Comes back to the next server on this machine alone: no drain waits for it.
  bool returns_here = false;
  /// For an operator.
  std::string_view name = "onair";
};

/// Our own pages and other clients of our protocol, at `/ws`.
inline constexpr MemberKind kProtocolClient{
    .infers_role = false, .any_message = false, .announced = true, .buffered_while_away = true};

/// Clients of socket.io, equals as in a relay that knows no roles.
inline constexpr MemberKind kSocketioClient{.infers_role = true,
                                            .any_message = true,
                                            .announced = false,
                                            .buffered_while_away = false,
                                            .name = "socketio"};

/// An encoder by WHIP (RFC 9725), the talker of its room. It stays where this server drains: its
/// picture goes on, and the next server takes it back.
inline constexpr MemberKind kWhipTalker{.infers_role = false,
                                        .any_message = false,
                                        .announced = true,
                                        .buffered_while_away = true,
                                        .returns_here = true,
                                        .name = "whip"};

/// A player by WHEP (draft-ietf-wish-whep), a viewer. It stays where this server drains, as above.
inline constexpr MemberKind kWhepPlayer{.infers_role = false,
                                        .any_message = false,
                                        .announced = true,
                                        .buffered_while_away = true,
                                        .returns_here = true,
                                        .name = "whep"};

/// The forwarder, which watches a browser's broadcast on behalf of the room's WHEP players, and of
/// the pages that the talker has moved to it.
inline constexpr MemberKind kForwarder{.infers_role = false,
                                       .any_message = false,
                                       .announced = true,
                                       .buffered_while_away = true,
                                       .is_forwarder = true,
                                       .returns_here = true,
                                       .name = "forwarder"};

/// A client's wish to enter a room, however it came.
struct EntryRequest {
  MemberKind kind;
  protocol::Enter enter;
  std::optional<protocol::PeerId> id = {};  ///< the id to use; nothing: a new one
  /// The doorkeeper's answer, if it has been asked already.
  std::optional<Pass> pass = {};
  /// It is this member, as a resume token that holds would prove: one from before this server
  /// began, or one that it replaces.
  std::optional<Resumption> resumption = {};
};

}  // namespace onair::rooms
