// What all connections of the server share.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/admission.hpp"
#include "net/limits.hpp"
#include "net/origins.hpp"
#include "net/static_files.hpp"
#include "net/tls.hpp"

namespace onair::net {

class ClusterNode;
class Worker;

struct Site {
  Site(StaticFiles its_files, StaticFiles its_socketio_client, Limits its_limits,
       Origins its_origins, std::optional<CertificateFiles> its_certificate)
      : files(std::move(its_files)),
        socketio_client(std::move(its_socketio_client)),
        limits(its_limits),
        origins(std::move(its_origins)),
        admission(limits.connections, limits.peers_per_address) {
    if (its_certificate) certificate.emplace(std::move(*its_certificate));
  }

  const StaticFiles files;
  const StaticFiles socketio_client;  ///< what pages load from below /socket.io/
  const Limits limits;
  const Origins origins;
  Admission admission;
  std::optional<Certificate> certificate;  ///< nothing: HTTP alone
  std::atomic<bool> draining = false;      ///< the server ends: nobody new gets in
  // Set before anything is served:
  const std::vector<std::unique_ptr<Worker>>* workers = nullptr;
  const ClusterNode* cluster = nullptr;  ///< nothing: this process is alone
};

}  // namespace onair::net
