#include "sfu/ice/ice_lite.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "sfu/base/random.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kUfragSize = 8;
constexpr std::size_t kPwdSize = 24;

// Characters of RFC 8839, section 5.4: 6 bits each.
constexpr std::string_view kIceCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(kIceCharacters.size() == 64);

Bytes write_error(const StunMessage& request, StunError error, const IceCredentials* used,
                  MutableBytes buffer) {
  StunWriter writer(buffer, StunClass::error, request.transaction);
  writer.error_code(error);
  if (error == StunError::unknown_attribute) writer.unknown_attributes(request.unknown.list());
  // An answer to a sender that was not authenticated is not authenticated either (RFC 8489, section
  // 9.1.3).
  const bool authentic = error != StunError::bad_request && error != StunError::unauthenticated;
  if (authentic) writer.integrity(used->pwd);
  return writer.finish();
}

}  // namespace

IceCredentials make_ice_credentials() {
  std::array<std::uint8_t, kUfragSize + kPwdSize> random;
  fill_random(random);
  std::string text;
  for (const std::uint8_t byte : random) text += kIceCharacters[byte % kIceCharacters.size()];
  return {text.substr(0, kUfragSize), text.substr(kUfragSize)};
}

std::string_view local_ufrag(const StunMessage& request) {
  if (!request.username) return {};
  const std::size_t colon = request.username->find(':');
  return colon == std::string_view::npos ? std::string_view{} : request.username->substr(0, colon);
}

IceLite::Outcome IceLite::handle(const StunMessage& message, const Path& from, TimePoint now,
                                 MutableBytes buffer) {
  if (message.message_class != StunClass::request || message.method != kBindingMethod) return {};
  buffer = buffer.first(std::min(buffer.size(), kMaxAmplification * message.packet.size()));
  const IceCredentials* const used = credentials_of(local_ufrag(message));
  Outcome outcome;
  if (const auto error = fault_of(message, used)) {
    if (refusals_.allow(kRefusalRate, now)) {
      outcome.response = write_error(message, *error, used, buffer);
    }
    return outcome;
  }
  if (!checks_.allow(kCheckRate, now)) return outcome;
  outcome.response = StunWriter(buffer, StunClass::success, message.transaction)
                         .mapped_address(from.remote)
                         .integrity(used->pwd)
                         .finish();
  const bool first_of_restart = restarted_ && used == &*restarted_;
  if (first_of_restart) {
    outcome.retired_ufrag = std::exchange(local_, *restarted_).ufrag;
    restarted_.reset();
  }
  const bool takes_over =
      message.use_candidate || first_of_restart || !path_ || !has_checked(*path_, now);
  checked_at_ = now;
  outcome.is_proven = true;
  outcome.forgotten = remember(from, now);
  if (takes_over) {
    outcome.has_moved = path_ != ProvenPath(from);
    path_ = ProvenPath(from);
  }
  return outcome;
}

const IceCredentials* IceLite::credentials_of(std::string_view ufrag) const {
  if (ufrag == local_.ufrag) return &local_;
  return restarted_ && ufrag == restarted_->ufrag ? &*restarted_ : nullptr;
}

std::optional<StunError> IceLite::fault_of(const StunMessage& request,
                                           const IceCredentials* used) const {
  if (!request.username || request.integrity_at == 0) return StunError::bad_request;
  if (used == nullptr || !request.is_authentic(used->pwd)) return StunError::unauthenticated;
  if (!request.unknown.empty()) return StunError::unknown_attribute;
  if (request.ice_controlled) return StunError::role_conflict;
  return std::nullopt;
}

std::optional<Path> IceLite::remember(const Path& path, TimePoint now) {
  if (KnownPath* const known = find(path)) {
    known->checked_at = now;
    return std::nullopt;
  }
  if (path_count_ < kMaxPaths) {
    paths_[path_count_++] = {path, now};
    return std::nullopt;
  }
  const auto in_use_last = [&](const KnownPath& each) {
    return std::pair(path_ && each.path == path_->get(), each.checked_at);
  };
  KnownPath* const oldest = std::ranges::min_element(begin(), end(), {}, in_use_last);
  return std::exchange(*oldest, {path, now}).path;
}

IceLite::KnownPath* IceLite::find(const Path& path) {
  KnownPath* const found = std::ranges::find(begin(), end(), path, &KnownPath::path);
  return found == end() ? nullptr : found;
}

bool IceLite::is_at(const Path& path, TimePoint now) const {
  const bool receives = path_ && path_->get() == path && now < received_at_ + kPathStale;
  return receives || has_checked(path, now);
}

bool IceLite::has_checked(const Path& path, TimePoint now) const {
  const auto known = std::span(paths_).first(path_count_);
  return std::ranges::any_of(known, [&](const KnownPath& each) {
    return each.path == path && now - each.checked_at < kPathStale;
  });
}

std::string IceLite::restart(IceCredentials local) {
  std::string unused = restarted_ ? std::move(restarted_->ufrag) : std::string{};
  restarted_ = std::move(local);
  return unused;
}

bool IceLite::forget_connection(std::uint32_t connection) {
  const auto is_of_it = [&](const KnownPath& each) { return each.path.connection == connection; };
  KnownPath* const rest = std::remove_if(begin(), end(), is_of_it);
  path_count_ = static_cast<std::size_t>(rest - begin());
  if (!path_ || path_->get().connection != connection) return false;
  path_.reset();
  if (path_count_ > 0) {
    path_ = ProvenPath(std::ranges::max_element(begin(), end(), {}, &KnownPath::checked_at)->path);
  }
  return true;
}

}  // namespace onair::sfu
