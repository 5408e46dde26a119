// Names for the elements of arrays without gaps, whose last element moves to where one is removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace onair::sfu {

/// A viewer of a publication. Never given twice.
enum class ViewerId : std::uint64_t {};

class ViewerIds {
 public:
  /// Names the element that the caller appends now.
  ViewerId append();
  /// Nothing for one that was removed.
  std::optional<std::size_t> index_of(ViewerId id) const;
  /// Forgets the element at this index, to which the caller moves the last one now.
  void remove(std::size_t index);

  std::size_t size() const { return ids_.size(); }
  ViewerId operator[](std::size_t index) const { return ids_[index]; }

 private:
  struct Slot {
    std::uint32_t generation = 0;  ///< how many ids this slot has had
    std::uint32_t index = 0;
  };
  static std::uint32_t slot_of(ViewerId id) { return static_cast<std::uint32_t>(id); }
  static std::uint32_t generation_of(ViewerId id) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32);
  }

  std::vector<ViewerId> ids_;  ///< by index
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
};

}  // namespace onair::sfu
