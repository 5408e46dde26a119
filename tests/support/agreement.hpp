// Checks that the envelope scan and the codec agree, for tests and fuzzing.
#pragma once

#include <string>
#include <string_view>

namespace onair::tests {

/// On what the two disagree over this frame, or nothing. Bytes that are not UTF-8 never reach the
/// scan, so of them it says nothing.
std::string disagreement(std::string_view frame);

}  // namespace onair::tests
