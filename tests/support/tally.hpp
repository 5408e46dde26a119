// Counts what a session does over many inputs, for tests with hostile peers.
#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>
#include <vector>

namespace onair::tests {

template <typename Output>
class Tally {
 public:
  std::vector<Output> add(std::vector<Output> outputs) {
    for (const Output& output : outputs) ++counts_[output.index()];
    return outputs;
  }

  template <typename Kind>
  std::size_t of() const {
    return counts_[Output(std::in_place_type<Kind>).index()];
  }

  std::size_t all() const {
    std::size_t sum = 0;
    for (const std::size_t count : counts_) sum += count;
    return sum;
  }

 private:
  std::vector<std::size_t> counts_ = std::vector<std::size_t>(std::variant_size_v<Output>);
};

}  // namespace onair::tests
