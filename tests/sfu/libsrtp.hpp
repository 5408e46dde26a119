// libsrtp2 as the other end of SRTP.
#pragma once

#include <array>
#include <srtp2/srtp.h>
#include <stdexcept>
#include <vector>

#include "sfu/srtp/srtp_keys.hpp"

namespace onair::sfu::test {

class Libsrtp {
 public:
  enum class Direction { send, receive };

  Libsrtp(SrtpProfile profile, const SrtpMasterKey& key, Direction direction) {
    static const bool ready = srtp_init() == srtp_err_status_ok;
    std::array<std::uint8_t, 30> bytes{};
    std::copy(key.key.begin(), key.key.end(), bytes.begin());
    std::copy(key.salt.begin(), key.salt.end(), bytes.begin() + key.key.size());
    const auto theirs = profile == SrtpProfile::aead_aes_128_gcm ? srtp_profile_aead_aes_128_gcm
                                                                 : srtp_profile_aes128_cm_sha1_80;
    srtp_policy_t policy{};
    srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, theirs);
    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, theirs);
    policy.ssrc.type = direction == Direction::send ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = bytes.data();
    policy.window_size = 1'024;
    if (!ready || srtp_create(&session_, &policy) != srtp_err_status_ok) {
      throw std::runtime_error("libsrtp2 can't make a session.");
    }
  }
  Libsrtp(const Libsrtp&) = delete;
  Libsrtp& operator=(const Libsrtp&) = delete;
  ~Libsrtp() { srtp_dealloc(session_); }

  bool protect_rtp(std::vector<std::uint8_t>& packet) { return run(packet, srtp_protect); }
  bool protect_rtcp(std::vector<std::uint8_t>& packet) { return run(packet, srtp_protect_rtcp); }
  bool receive_rtp(std::vector<std::uint8_t>& packet) { return run(packet, srtp_unprotect); }
  bool receive_rtcp(std::vector<std::uint8_t>& packet) { return run(packet, srtp_unprotect_rtcp); }

 private:
  template <typename Function>
  bool run(std::vector<std::uint8_t>& packet, Function function) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
    const bool done = function(session_, packet.data(), &size) == srtp_err_status_ok;
    packet.resize(static_cast<std::size_t>(size));
    return done;
  }

  srtp_t session_ = nullptr;
};

}  // namespace onair::sfu::test
