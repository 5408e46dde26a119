// Where the way out writes what it sends. The edge owns the memory, and the sockets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"

namespace onair::sfu {

/// Datagrams for one address, to be sent by one call where the system can (UDP GSO,
/// `UDP_SEGMENT`): at most 64, at most 65,000 bytes. All are of `segment_size`, but that the last
/// may be shorter.
struct DatagramRun {
  Path to;
  Bytes bytes;
  std::size_t segment_size = 0;
};

class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Memory of at least this size, at most 65,000 bytes. Valid until the next call of memory().
  virtual MutableBytes memory(std::size_t size) = 0;
  /// Takes datagrams that lie within the last memory(); there may be several calls for one memory.
  /// The outlet may send at once, or later if it keeps what was handed over.
  virtual void send(const DatagramRun& datagrams) = 0;
};

/// Joins packets for one address to runs of one size.
class RunWriter {
 public:
  static constexpr std::size_t kMaxSegments = 64;
  static constexpr std::size_t kMaxBytes = 65'000;
  /// The longest packet that next() has room for, in bytes: payload, header and SRTP's tag.
  static constexpr std::size_t kMaxPacketSize = 1'600;

  /// About so many packets will come.
  RunWriter(Outlet& outlet, const Path& to, std::size_t packets);
  ~RunWriter() { end_run(); }
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  /// Where to write the next packet: at least kMaxPacketSize bytes.
  MutableBytes next();
  /// The packet that was written to next() has this size. 0: there is none.
  void add(std::size_t size);

 private:
  void end_run();

  Outlet& outlet_;
  const Path& to_;
  std::size_t expected_;
  MutableBytes memory_;
  std::size_t used_ = 0;
  std::size_t run_begin_ = 0;
  std::size_t segment_size_ = 0;  ///< 0: no run has begun
  std::size_t segments_ = 0;
  bool closed_ = false;  ///< the run's last segment is shorter than the others
};

}  // namespace onair::sfu
