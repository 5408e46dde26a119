#include "rooms/talk_policy.hpp"

#include <algorithm>
#include <tuple>

namespace onair::rooms {
namespace {

/// A total order. Among equals, those who are on air come first.
bool outranks(const TalkerInfo& a, const TalkerInfo& b) {
  if (a.seniority != b.seniority) return is_senior(a.seniority, b.seniority);
  return std::make_tuple(!a.on_air, a.id) < std::make_tuple(!b.on_air, b.id);
}

}  // namespace

const TalkerInfo* find(const std::vector<TalkerInfo>& talkers, const protocol::PeerId& id) {
  const auto found = std::find_if(talkers.begin(), talkers.end(),
                                  [&id](const TalkerInfo& talker) { return talker.id == id; });
  return found == talkers.end() ? nullptr : &*found;
}

void merge(std::vector<TalkerInfo>& talkers, const std::vector<TalkerInfo>& more) {
  for (const TalkerInfo& talker : more) {
    if (!has(talkers, talker.id)) talkers.push_back(talker);
  }
}

bool is_senior(const Seniority& a, const Seniority& b) {
  return a && (!b || *a < *b);
}

bool has_free_slot(const std::vector<TalkerInfo>& talkers, std::size_t slots,
                   const Seniority& seniority) {
  const auto stay = std::count_if(
      talkers.begin(), talkers.end(),
      [&seniority](const TalkerInfo& talker) { return !is_senior(seniority, talker.seniority); });
  return static_cast<std::size_t>(stay) < slots;
}

std::vector<TalkerInfo> surplus(std::vector<TalkerInfo> talkers, std::size_t slots) {
  std::sort(talkers.begin(), talkers.end(), outranks);
  talkers.erase(talkers.begin(),
                talkers.begin() + static_cast<std::ptrdiff_t>(std::min(slots, talkers.size())));
  return talkers;
}

bool may_take_lease(const TalkerInfo& claimant, const TalkerInfo& holder, bool had_it) {
  return holder.id.empty() || holder.id == claimant.id ||
         (!had_it && is_senior(claimant.seniority, holder.seniority));
}

}  // namespace onair::rooms
