// Commands of the program besides serving: `token` and `rooms`.
#pragma once

#include "options.hpp"

namespace onair {

/// Prints a token and, on the next line, the link that carries it. Throws std::runtime_error with a
/// sentence for people.
void mint_token(const Options& options, const MintToken& token);

/// Asks the server on this machine over its admin port, and prints what it says. Throws as above.
void manage_rooms(const Options& options, const ManageRooms& rooms);

}  // namespace onair
