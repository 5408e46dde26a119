// State that all connections of the server share.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/host_name.hpp>

#include "net/http/origins.hpp"
#include "net/http/proxies.hpp"
#include "net/http/static_files.hpp"
#include "net/loop/admission.hpp"
#include "net/loop/limits.hpp"
#include "net/loop/rate_limiter.hpp"
#include "net/tls/tls.hpp"
#include "rooms/pass.hpp"

namespace onair::net {

class ClusterNode;
class Media;
class Worker;

struct ServerContext {
  ServerContext(StaticFiles its_files, StaticFiles its_socketio_client, Limits its_limits,
                Origins its_origins, TrustedProxies its_proxies,
                std::optional<CertificateFiles> its_certificate)
      : files(std::move(its_files)),
        socketio_client(std::move(its_socketio_client)),
        limits(its_limits),
        origins(std::move(its_origins)),
        proxies(std::move(its_proxies)),
        admission(limits),
        media_requests(10 + static_cast<double>(limits.peers_per_address) / 5,
                       100 + 4 * static_cast<double>(limits.peers_per_address)) {
    if (its_certificate) certificate.emplace(std::move(*its_certificate));
  }

  const StaticFiles files;
  const StaticFiles socketio_client;  ///< what pages load from below /socket.io/
  const Limits limits;
  const Origins origins;
  const TrustedProxies proxies;
  const std::string host_name = boost::asio::ip::host_name();
  Admission admission;
  /// Requests of WHIP and WHEP by address. Each client that the address may have asks a few times
  /// when it joins, all of them perhaps at once; what is added serves an address that may have few.
  RateLimiter media_requests;
  RateLimiter qr_codes{/*per_second=*/2, /*burst=*/20};
  std::optional<Certificate> certificate;  ///< nothing: HTTP alone
  std::atomic<bool> draining = false;      ///< the server ends: nobody new gets in
  // Set before anything is served:
  bool is_https_for_good = false;  ///< the certificate is one that browsers trust: they may insist
  const std::vector<std::unique_ptr<Worker>>* workers = nullptr;
  const ClusterNode* cluster = nullptr;  ///< nothing: this process is alone
  Media* media = nullptr;                ///< nothing: no WHIP and no WHEP
  rooms::Doorkeeper doorkeeper = rooms::let_everyone_in;
};

}  // namespace onair::net
