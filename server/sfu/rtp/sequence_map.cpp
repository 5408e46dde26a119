#include "sfu/rtp/sequence_map.hpp"

#include <algorithm>

namespace onair::sfu {

void SequenceMap::begin(std::int64_t first, std::uint32_t number, std::int64_t earlier) {
  oldest_ = first - earlier;
  highest_ = oldest_ - 1;
  next_number_ = number - static_cast<std::uint32_t>(earlier);
  while (highest_ + 1 < first) slot_of(++highest_) = {next_number_++, false};
}

SequenceMap::Verdict SequenceMap::judge(std::int64_t source) {
  if (source <= highest_) {
    if (source < oldest_ || source <= highest_ - kWindow) return Verdict::too_old;
    return slot_of(source).came ? Verdict::duplicate : Verdict::late;
  }
  // A gap longer than the window has numbers of its own all the same: viewers see that it is one.
  const std::int64_t first_kept = std::max(highest_ + 1, source - kWindow + 1);
  next_number_ += static_cast<std::uint32_t>(first_kept - (highest_ + 1));
  for (highest_ = first_kept; highest_ < source; ++highest_) {
    slot_of(highest_) = {next_number_++, false};
  }
  return Verdict::next;
}

SequenceMap::Assigned SequenceMap::assign(std::int64_t source) {
  const Verdict verdict = judge(source);
  if (verdict == Verdict::next) slot_of(source) = {next_number_++, false};
  if (verdict == Verdict::next || verdict == Verdict::late) slot_of(source).came = true;
  return {verdict, slot_of(source).number};
}

SequenceMap::Verdict SequenceMap::leave_out(std::int64_t source) {
  const Verdict verdict = judge(source);
  if (verdict == Verdict::next || verdict == Verdict::late) slot_of(source).came = true;
  return verdict;
}

}  // namespace onair::sfu
