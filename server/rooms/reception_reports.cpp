#include "rooms/reception_reports.hpp"

#include <algorithm>
#include <tuple>

#include "protocol/limits.hpp"

namespace onair::rooms {
namespace {

using Watcher = protocol::AudienceReception::Watcher;

bool is_worse(const Watcher& a, const Watcher& b) {
  const auto rank = [](const protocol::ReceptionFigures& figures) {
    return std::tuple(figures.quality, figures.loss, figures.latency_ms.value_or(0));
  };
  return rank(a.figures) > rank(b.figures);
}

void keep_worst(std::vector<Watcher>& watchers) {
  const std::size_t most = std::min(watchers.size(), protocol::kMaxWorst);
  std::partial_sort(watchers.begin(), watchers.begin() + static_cast<std::ptrdiff_t>(most),
                    watchers.end(), is_worse);
  watchers.resize(most);
}

std::uint32_t& count_of(protocol::AudienceReception& sums, protocol::Quality quality) {
  if (quality == protocol::Quality::good) return sums.good;
  return quality == protocol::Quality::fair ? sums.fair : sums.poor;
}

void add(protocol::AudienceReception& sums, const protocol::AudienceReception& more) {
  sums.good += more.good;
  sums.fair += more.fair;
  sums.poor += more.poor;
  sums.worst.insert(sums.worst.end(), more.worst.begin(), more.worst.end());
  keep_worst(sums.worst);
}

}  // namespace

void add_receptions(std::vector<TalkerReception>& all, const std::vector<TalkerReception>& more) {
  for (const TalkerReception& each : more) {
    const auto same = std::find_if(all.begin(), all.end(), [&each](const TalkerReception& known) {
      return known.talker == each.talker;
    });
    if (same == all.end()) {
      all.push_back(each);
    } else {
      add(same->sums, each.sums);
    }
  }
}

void ReceptionReports::note(const protocol::PeerId& viewer, const protocol::Reception& reception,
                            TimePoint now) {
  by_talker_[reception.of][viewer] = {reception.figures, now};
}

void ReceptionReports::forget(const protocol::PeerId& peer) {
  by_talker_.erase(peer);
  for (auto& [talker, reports] : by_talker_) reports.erase(peer);
}

std::vector<TalkerReception> ReceptionReports::sums(TimePoint now) {
  std::vector<TalkerReception> all;
  for (auto& [talker, reports] : by_talker_) {
    std::erase_if(reports, [now](const auto& each) { return each.second.at + kReportLife <= now; });
    if (!reports.empty()) all.push_back({talker, sum_of(reports)});
  }
  std::erase_if(by_talker_, [](const auto& of_talker) { return of_talker.second.empty(); });
  return all;
}

protocol::AudienceReception ReceptionReports::sum_of(const OfTalker& reports) {
  protocol::AudienceReception sums;
  for (const auto& [viewer, report] : reports) {
    ++count_of(sums, report.figures.quality);
    if (report.figures.quality == protocol::Quality::good) continue;
    sums.worst.push_back({viewer, report.figures});
    if (sums.worst.size() >= 8 * protocol::kMaxWorst) keep_worst(sums.worst);
  }
  keep_worst(sums.worst);
  return sums;
}

}  // namespace onair::rooms
