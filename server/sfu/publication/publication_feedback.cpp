// Viewers' feedback: Publication::on_rtcp().

#include "sfu/publication/publication.hpp"
#include "sfu/rtp/rtcp.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu {

void Publication::on_rtcp(ViewerId id, Bytes datagram, TimePoint now, Outlet& outlet) {
  const auto viewer = ids_.index_of(id);
  if (!viewer) return;
  for (const RtcpPacket& packet : RtcpCompound(datagram)) on_packet(*viewer, packet, now, outlet);
}

void Publication::on_packet(std::size_t viewer, const RtcpPacket& packet, TimePoint now,
                            Outlet& outlet) {
  ViewerStatistics& statistics = details_[viewer].history.statistics;
  if (const auto nack = read_nack(packet)) {
    on_nack(viewer, *nack, now, outlet);
  } else if (const auto report = read_receiver_report(packet)) {
    on_report_blocks(viewer, report->blocks, now);
  } else if (const auto sender_report = read_sender_report(packet)) {
    on_report_blocks(viewer, sender_report->blocks, now);
  } else if (const auto estimate = read_remb(packet)) {
    statistics.estimate = estimate->bits_per_second;
  } else if (const auto pli = read_pli(packet)) {
    if (kind_of(pli->media_ssrc) == MediaKind::video) want_key_frame_for(viewer, now);
  } else if (const auto request = read_fir(packet)) {
    on_full_intra(viewer, *request, now);
  }
}

std::optional<MediaKind> Publication::kind_of(std::uint32_t ssrc) const {
  for (std::size_t i = 0; i < kMediaKinds; ++i) {
    if (streams_[i].ssrcs.media == ssrc) return static_cast<MediaKind>(i);
  }
  return std::nullopt;
}

void Publication::on_report_blocks(std::size_t viewer, const ReportBlocks& blocks, TimePoint now) {
  for (const ReportBlock& block : blocks) {
    if (const auto kind = kind_of(block.ssrc)) {
      details_[viewer].history.on_report_block(*kind, block, now);
    }
  }
}

/// False: the viewer has asked too often.
bool Publication::want_key_frame_for(std::size_t viewer, TimePoint now) {
  const OutgoingStream& video = subscriptions_[viewer].stream(MediaKind::video);
  if (wants_key_frame_ || video.state() == OutgoingStream::State::off) return true;
  base::RateLimit& requests = details_[viewer].history.key_frame_requests;
  wants_key_frame_ = requests.allow(kKeyFrameRequestRate, now);
  return wants_key_frame_;
}

void Publication::on_full_intra(std::size_t viewer, const FullIntraRequest& request,
                                TimePoint now) {
  SubscriptionHistory& history = details_[viewer].history;
  for (const FullIntraItem& item : request.items) {
    if (kind_of(item.ssrc) != MediaKind::video || !history.is_new_full_intra(item.sequence)) {
      continue;
    }
    if (want_key_frame_for(viewer, now)) history.note_full_intra(item.sequence);
  }
}

void Publication::on_nack(std::size_t viewer, const Nack& nack, TimePoint now, Outlet& outlet) {
  const auto kind = kind_of(nack.media_ssrc);
  if (!kind) return;
  constexpr std::size_t kUsualLoss = 4;
  RunWriter run(outlet, subscriptions_[viewer].path, kUsualLoss);
  std::size_t asked = 0;
  nack.each([&](std::uint16_t number) {
    return ++asked <= kMaxNacked && resend(viewer, *kind, number, now, run);
  });
}

/// False if no more may be resent.
bool Publication::resend(std::size_t viewer, MediaKind kind, std::uint16_t number, TimePoint now,
                         RunWriter& run) {
  Subscription& subscription = subscriptions_[viewer];
  SubscriptionHistory& history = details_[viewer].history;
  OutgoingStream& out = subscription.stream(kind);
  ++history.statistics.nacked;
  if (!history.nacked.allow(kNackedRate, now)) {
    ++history.statistics.refused;
    return false;
  }
  const auto sequence = out.sequence_of(number);
  if (!sequence) return true;
  // A packet that the talker's path lost is not there; when it comes late, it is sent by itself.
  const StoredPacket* const packet = stream(kind).ring.find_sent(*sequence);
  if (packet == nullptr) return true;
  if (!history.resends.allow(kind, *sequence, now)) {
    ++history.statistics.refused;
    return true;
  }
  const MutableBytes memory = run.next();
  OutgoingStream::RtxPayload rtx_payload;
  const PlainPacket plain =
      out.write_again(*packet, stream(kind).ssrcs, absolute_send_time(now), rtx_payload, memory);
  if (plain.header_size == 0) return true;
  if (!subscription.resend_credit.spend(plain.header_size + plain.payload.size())) {
    ++history.statistics.refused;
    return false;
  }
  const std::size_t size =
      subscription.srtp->protect_rtp(memory, plain.header_size, plain.payload, plain.index).size;
  run.add(size);
  if (size == 0) return true;
  ++history.statistics.resent;
  ++statistics_.packets_out;
  statistics_.bytes_out += size;
  return true;
}

}  // namespace onair::sfu
