#include "sfu/publication/viewer_ids.hpp"

namespace onair::sfu {

ViewerId ViewerIds::append() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[number];
  ++slot.generation;
  slot.index = static_cast<std::uint32_t>(ids_.size());
  const ViewerId id{std::uint64_t{slot.generation} << 32 | number};
  ids_.push_back(id);
  return id;
}

std::optional<std::size_t> ViewerIds::index_of(ViewerId id) const {
  if (slot_of(id) >= slots_.size()) return std::nullopt;
  const Slot& slot = slots_[slot_of(id)];
  if (slot.generation != generation_of(id)) return std::nullopt;
  if (slot.index >= ids_.size() || ids_[slot.index] != id) return std::nullopt;
  return slot.index;
}

void ViewerIds::remove(std::size_t index) {
  free_slots_.push_back(slot_of(ids_[index]));
  ids_[index] = ids_.back();
  slots_[slot_of(ids_[index])].index = static_cast<std::uint32_t>(index);
  ids_.pop_back();
}

}  // namespace onair::sfu
