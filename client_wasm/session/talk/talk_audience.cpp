// The viewers as the page shows them: one by one, or their sums and the worst.
#include <algorithm>
#include <tuple>

#include "session/talk/talk_session.hpp"

namespace onair::session {
namespace {

using Quality = Reception::Quality;

void describe(const ViewerConnection& connection, ViewerView& view) {
  if (connection.transport == TransportState::connected) {
    view.state = ViewerView::State::live;
  } else if (connection.was_connected) {
    view.state = ViewerView::State::reconnecting;
  }
  view.bits_per_second = connection.bits_per_second;
  if (!connection.measured) return;
  view.round_trip_ms = connection.measured->round_trip_ms;
  view.loss = connection.measured->loss;
  view.quality = quality_of(view.loss.value_or(0), view.round_trip_ms.value_or(0));
}

/// Uses the worse of both measurements, so that a viewer that reports falsely is listed and can be
/// removed.
void describe(const protocol::ReceptionFigures& figures, ViewerView& view) {
  if (view.quality && *view.quality >= figures.quality) return;
  view.quality = figures.quality;
  view.loss = figures.loss / 1'000.0;
  if (figures.latency_ms) view.latency_ms = *figures.latency_ms;
}

void count(const ViewerView& viewer, ReceptionSums& sums) {
  if (!viewer.quality) return;
  if (*viewer.quality == Quality::good) ++sums.good;
  if (*viewer.quality == Quality::fair) ++sums.fair;
  if (*viewer.quality == Quality::poor) ++sums.poor;
}

/// More is worse. A forwarder's players are many, and have no other line.
auto rank_of(const ViewerView& viewer) {
  const double delay = viewer.latency_ms.value_or(viewer.round_trip_ms.value_or(0));
  return std::tuple(viewer.players.has_value(), viewer.state == ViewerView::State::reconnecting,
                    viewer.quality.value_or(Quality::good), viewer.loss.value_or(0), delay);
}

bool is_fine(const ViewerView& viewer) {
  return !viewer.players && viewer.state != ViewerView::State::reconnecting &&
         viewer.quality.value_or(Quality::good) == Quality::good;
}

void keep_worst(std::vector<ViewerView>& audience, std::size_t most) {
  std::erase_if(audience, is_fine);
  std::sort(audience.begin(), audience.end(), [](const auto& a, const auto& b) {
    return std::tuple(rank_of(a), b.number) > std::tuple(rank_of(b), a.number);
  });
  audience.resize(std::min(audience.size(), most));
}

}  // namespace

std::string_view name_of(ViewerView::State state) {
  switch (state) {
    case ViewerView::State::connecting: return "connecting";
    case ViewerView::State::live: return "live";
    case ViewerView::State::reconnecting: return "reconnecting";
  }
  return "connecting";
}

/// Called after each event, so it does little for viewers that are not listed.
void TalkSession::describe_audience(TalkView& view) const {
  view.audience = watching_viewers();
  for (const ViewerView& viewer : view.audience) {
    if (viewer.state == ViewerView::State::live) {
      view.viewers += viewer.players.value_or(1);
    } else {
      ++view.connecting;
    }
  }
  if (view.audience.size() > kMostListed) {
    view.reception = sums_of(view.audience);
    keep_worst(view.audience, kWorstListed);
  }
  std::sort(view.audience.begin(), view.audience.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  for (ViewerView& viewer : view.audience) {
    viewer.name = chat_.name_of(viewer.id);
    viewer.muted = chat_.is_muted(viewer.id);
  }
}

/// In the order of their ids, without their names.
std::vector<ViewerView> TalkSession::watching_viewers() const {
  std::vector<ViewerView> viewers;
  for (const auto& [id, viewer] : roster_.viewers()) {
    const auto players = roster_.players_of(id);
    const bool forwards = id == forwarding_.forwarder() && players == 0u;
    if (!viewer.watches || forwards) continue;  // a forwarder's viewers are listed
    ViewerView& view = viewers.emplace_back();
    view.id = id;
    view.number = viewer.number;
    view.players = players;
    if (forwarding_.is_forwarded(id)) view.state = ViewerView::State::live;
    if (const auto key = connections_.latest_with(id)) describe(*connections_.find(*key), view);
  }
  for (const auto& [id, figures] : reported_.worst) {
    const auto at = std::lower_bound(
        viewers.begin(), viewers.end(), id,
        [](const ViewerView& viewer, const PeerId& wanted) { return viewer.id < wanted; });
    if (at != viewers.end() && at->id == id) describe(figures, *at);
  }
  return viewers;
}

/// Counts direct viewers as measured here; forwarded viewers report to the server.
ReceptionSums TalkSession::sums_of(const std::vector<ViewerView>& audience) const {
  ReceptionSums sums;
  std::size_t live = 0;
  for (const ViewerView& viewer : audience) {
    if (viewer.players) continue;
    live += viewer.state == ViewerView::State::live ? 1 : 0;
    if (!forwarding_.is_forwarded(viewer.id)) count(viewer, sums);
  }
  if (forwarding_.forwarded() > 0) {
    sums.good += reported_.good;
    sums.fair += reported_.fair;
    sums.poor += reported_.poor;
  }
  sums.unknown = live - std::min(live, sums.good + sums.fair + sums.poor);
  return sums;
}

}  // namespace onair::session
