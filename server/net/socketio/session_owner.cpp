#include "net/socketio/session_owner.hpp"

#include <utility>

#include "net/auth/crypto.hpp"

namespace onair::net {

SessionOwner::SessionOwner(socketio::Revision revision, RequestSender opener) {
  if (revision != socketio::Revision::v3) return;
  const bool was_shown = !opener.cookie.empty();
  proof_ = {std::move(opener.address),
            was_shown ? std::move(opener.cookie) : random_hex(kSessionCookieBytes), was_shown};
}

std::string SessionOwner::new_cookie() const {
  return proof_ && !proof_->was_shown ? proof_->cookie : std::string();
}

bool SessionOwner::sends(const RequestSender& sender) {
  if (!proof_) return true;
  if (sender.cookie == proof_->cookie) return proof_->was_shown = true;
  return !proof_->was_shown && sender.address == proof_->address;
}

}  // namespace onair::net
