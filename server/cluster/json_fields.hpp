// Reads fields of JSON objects that come from outside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "protocol/json_text.hpp"

namespace onair::cluster {

inline nlohmann::json parsed(std::string_view text) {
  return protocol::parse_json(text);
}

/// Collects faults: read everything, then ask whether all of it was fine. Numbers are unsigned.
class Fields {
 public:
  using json = nlohmann::json;

  /// `object`, which may be anything, outlives this.
  explicit Fields(const json& object) : object_(object), fine_(object.is_object()) {}

  /// The field, if there is one of this type.
  template <typename Value>
  std::optional<Value> find(const char* name) const {
    const json* const field = at(name);
    if (field == nullptr || !is<Value>(*field)) return std::nullopt;
    return field->get<Value>();
  }
  /// A field that must be there.
  template <typename Value>
  Value get(const char* name) {
    const auto value = find<Value>(name);
    require(value.has_value());
    return value.value_or(Value{});
  }
  /// A field that may be missing, but not of another type.
  template <typename Value>
  Value get_or(const char* name, const Value& otherwise) {
    return at(name) == nullptr ? otherwise : get<Value>(name);
  }
  /// An object that must be there.
  template <typename Read>
  void object(const char* name, Read read) {
    const json* const field = at(name);
    require(field != nullptr);
    if (field != nullptr) nested(*field, read);
  }
  /// An array of objects that must be there.
  template <typename Read>
  void for_each(const char* name, Read read) {
    const json* const field = at(name);
    require(field != nullptr && field->is_array());
    if (!fine_) return;
    for (const json& each : *field) nested(each, read);
  }

  bool contains(const char* name) const { return at(name) != nullptr; }
  void require(bool fine) { fine_ = fine_ && fine; }
  bool fine() const { return fine_; }

 private:
  template <typename Value>
  struct IsVector : std::false_type {};
  template <typename Value>
  struct IsVector<std::vector<Value>> : std::true_type {};

  template <typename Value>
  static bool is(const json& field) {
    if constexpr (IsVector<Value>::value) {
      return field.is_array() &&
             std::all_of(field.begin(), field.end(), is<typename Value::value_type>);
    } else if constexpr (std::is_same_v<Value, std::string>) {
      return field.is_string();
    } else if constexpr (std::is_same_v<Value, bool>) {
      return field.is_boolean();
    } else {
      return field.is_number_unsigned();
    }
  }

  const json* at(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  template <typename Read>
  void nested(const json& object, Read& read) {
    Fields fields(object);
    if (fields.fine()) read(fields);
    require(fields.fine());
  }

  const json& object_;
  bool fine_;
};

}  // namespace onair::cluster
