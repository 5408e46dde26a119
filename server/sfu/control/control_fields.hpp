// Fields of the control protocol's JSON objects. Reader and writer have the same methods, so that a
// message's fields are listed once; only control.cpp includes this.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sfu/control/control.hpp"

namespace onair::sfu::control {

using nlohmann::json;

/// Discarded where the text is no JSON in UTF-8. The parser does not recurse, so that deep nesting
/// costs a line's bytes and no stack.
inline json parsed(std::string_view text) {
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

/// On one line. Bytes that are not UTF-8 are replaced, so it never throws.
inline std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

class FieldWriter {
 public:
  explicit FieldWriter(json& object) : object_(object) {}

  bool wants(const char*, bool is_given) { return is_given; }
  void number(const char* name, std::uint64_t value) { object_[name] = value; }
  void real(const char* name, double value) { object_[name] = value; }
  void flag(const char* name, bool value) { object_[name] = value; }
  void text(const char* name, const std::string& value) { object_[name] = value; }
  void room(const char* name, const std::string& value) { object_[name] = value; }
  void peer(const char* name, const PeerId& value) { object_[name] = value; }
  void note(const char* name, const std::string& value) {
    if (!value.empty()) object_[name] = value;
  }
  template <std::size_t kCount, typename Enum>
  void name(const char* name, const std::array<std::string_view, kCount>& names, Enum value) {
    object_[name] = names[static_cast<std::size_t>(value)];
  }
  template <typename Write>
  void object(const char* name, Write write) {
    FieldWriter inner(object_[name] = json::object());
    write(inner);
  }
  template <typename Entry, typename Write>
  void page(const char* name, const Page<Entry>& page, Write write) {
    json& array = object_[name] = json::array();
    for (const Entry& entry : page.entries()) {
      FieldWriter inner(array.emplace_back(json::object()));
      write(inner, entry);
    }
    if (page.has_more()) object_["more"] = true;
  }

 private:
  json& object_;
};

/// Collects faults: read everything, then ask whether all of it was fine.
class FieldReader {
 public:
  /// `object`, which may be anything, outlives this.
  explicit FieldReader(const json& object) : object_(object) {
    if (!object.is_object()) fault_ = "object";
  }

  bool fine() const { return fault_.empty(); }
  /// The name of the first field that is missing or wrong.
  const std::string& fault() const { return fault_; }

  bool has(const char* name) const { return at(name) != nullptr; }
  bool wants(const char* name, bool) const { return has(name); }

  void number(const char* name, std::uint64_t& value) {
    read(name, value, [](const json& field) { return field.is_number_unsigned(); });
  }
  void real(const char* name, double& value) {
    read(name, value, [](const json& field) { return field.is_number(); });
    if (!std::isfinite(value)) fail(name);
  }
  void flag(const char* name, bool& value) {
    read(name, value, [](const json& field) { return field.is_boolean(); });
  }
  void any_text(const char* name, std::string& value) {
    read(name, value, [](const json& field) { return field.is_string(); });
  }
  void text(const char* name, std::string& value) {
    any_text(name, value);
    if (value.empty()) fail(name);
  }
  void room(const char* name, std::string& value) {
    text(name, value);
    if (value.size() > kMaxRoomBytes) fail(name);
  }
  void peer(const char* name, PeerId& value) {
    any_text(name, value);
    const bool is_id = value.size() == kPeerIdDigits &&
                       value.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_id) fail(name);
  }
  void note(const char* name, std::string& value) {
    if (has(name)) any_text(name, value);
    if (value.size() > kMaxNoteBytes) fail(name);
  }
  template <std::size_t kCount, typename Enum>
  void name(const char* name, const std::array<std::string_view, kCount>& names, Enum& value) {
    std::string text;
    any_text(name, text);
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) return fail(name);
    value = static_cast<Enum>(found - names.begin());
  }
  template <typename Read>
  void object(const char* name, Read read) {
    const json* const field = at(name);
    if (field == nullptr) return fail(name);
    FieldReader inner(*field);
    if (inner.fine()) read(inner);
    if (!inner.fine()) fail(name);
  }
  template <typename Entry, typename Read>
  void page(const char* name, Page<Entry>& page, Read read) {
    const json* const field = at(name);
    if (field == nullptr || !field->is_array()) return fail(name);
    for (const json& each : *field) {
      FieldReader inner(each);
      Entry entry;
      if (inner.fine()) read(inner, entry);
      if (!inner.fine() || !page.add(std::move(entry))) return fail(name);
    }
    bool has_more = false;
    if (has("more")) flag("more", has_more);
    if (has_more) page.set_more();
  }

 private:
  const json* at(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void fail(const char* name) {
    if (fault_.empty()) fault_ = name;
  }
  template <typename Value, typename Is>
  void read(const char* name, Value& value, Is is) {
    const json* const field = at(name);
    if (field == nullptr || !is(*field)) return fail(name);
    value = field->get<Value>();
  }

  const json& object_;
  std::string fault_;
};

}  // namespace onair::sfu::control
