// Helpers for tests of session descriptions.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/sdp/sdp.hpp"

namespace onair::tests {

template <typename Value>
Value expect_value(sfu::SdpResult<Value> result) {
  if (auto* const error = std::get_if<sfu::SdpError>(&result)) {
    ADD_FAILURE() << sfu::name_of(error->code) << ": " << error->message;
    return {};
  }
  return std::get<Value>(std::move(result));
}

template <typename Value>
std::string error_of(const sfu::SdpResult<Value>& result) {
  const auto* const error = std::get_if<sfu::SdpError>(&result);
  return error == nullptr ? "none" : std::string(sfu::name_of(error->code));
}

inline sfu::Sdp parse(std::string_view text) {
  return expect_value(sfu::Sdp::parse(text));
}

inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  for (auto at = result.find(from); at != result.npos; at = result.find(from, at + to.size())) {
    result.replace(at, from.size(), to);
  }
  return result;
}

inline std::string without_line(std::string_view text, std::string_view line) {
  return replaced(text, std::string(line) + '\n', "");
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace onair::tests
