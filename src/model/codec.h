// SPDX-License-Identifier: Apache-2.0
// JSON, reading it back, and JSON Schema (draft 7), all three from one PF_DESCRIBE declaration.
//
// Reading is strict about types and lenient about unknown keys, so that a newer minor version of a
// document can still be read (docs/adr/0003). Heavy templates: include it in .cpp files only.
#pragma once

#include <boost/mp11.hpp>
#include <limits>
#include <map>
#include <optional>

#include "base/deadline.h"
#include "base/expected.h"
#include "base/json.h"
#include "model/observed.h"

namespace postflight {

namespace codec_detail {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
concept DescribedStruct = boost::describe::has_describe_members<T>::value && !std::is_enum_v<T>;
template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;

template <class T>
struct ObservedTraits : std::false_type {};
template <class T>
struct ObservedTraits<Observed<T>> : std::true_type {
  static constexpr bool kRequired = false;
  using Value = T;
};
template <class T>
struct ObservedTraits<Required<T>> : std::true_type {
  static constexpr bool kRequired = true;
  using Value = T;
};

template <class T>
struct VectorTraits : std::false_type {};
template <class T>
struct VectorTraits<std::vector<T>> : std::true_type {};
template <class T>
struct MapTraits : std::false_type {};
template <class V>
struct MapTraits<std::map<std::string, V>> : std::true_type {};

template <class>
inline constexpr bool kUnsupportedType = false;

}  // namespace codec_detail

/// The name of an enumerator as it stands in JSON.
template <codec_detail::DescribedEnum E>
std::string enum_name(E value) {
  return boost::describe::enum_to_string(value, "?");
}

/// Calls visit(name, member_of(object), doc) for each described field, in order of declaration.
template <codec_detail::DescribedStruct T, class Object, class Visit>
void for_each_field(Object& object, Visit&& visit) {
  constexpr auto docs = field_docs(static_cast<const T*>(nullptr));
  static_assert(docs.size() == boost::mp11::mp_size<codec_detail::Members<T>>::value);
  std::size_t index = 0;
  boost::mp11::mp_for_each<codec_detail::Members<T>>([&](auto member) {
    visit(std::string_view(member.name), object.*member.pointer, docs[index++]);
  });
}

template <class T>
Json to_json(const T& value);

namespace codec_detail {

template <class T>
Json observed_to_json(const Observed<T>& observed) {
  Json out = Json::object();
  out.get_ref<Json::object_t&>().reserve(2);
  const auto add_evidence = [&out](const Evidence& evidence) {
    if (!(evidence == Evidence{})) out["evidence"] = to_json(evidence);
  };
  observed.visit(
      [&](const Seen<T>& seen) {
        out["value"] = to_json(seen.value);
        add_evidence(seen.evidence);
      },
      [&](const Absent& absent) {
        out["absent"] = true;
        add_evidence(absent.evidence);
      },
      [&](const Unknown& unknown) { out["unknown"] = to_json(unknown); });
  return out;
}

}  // namespace codec_detail

/// The value as JSON under the contract's names.
template <class T>
Json to_json(const T& value) {
  namespace d = codec_detail;
  if constexpr (d::ObservedTraits<T>::value) {
    return d::observed_to_json(
        static_cast<const Observed<typename d::ObservedTraits<T>::Value>&>(value));
  } else if constexpr (d::DescribedEnum<T>) {
    return enum_name(value);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return std::to_string(value.count()) + "ms";
  } else if constexpr (d::VectorTraits<T>::value) {
    Json out = Json::array();
    out.get_ref<Json::array_t&>().reserve(value.size());
    for (const auto& element : value) out.push_back(to_json(element));
    return out;
  } else if constexpr (d::MapTraits<T>::value) {
    Json out = Json::object();
    for (const auto& [key, element] : value) out[key] = to_json(element);
    return out;
  } else if constexpr (d::DescribedStruct<T>) {
    Json out = Json::object();
    auto& members = out.get_ref<Json::object_t&>();  // to make room: growing copies them all
    members.reserve(boost::mp11::mp_size<d::Members<T>>::value);
    for_each_field<T>(value, [&](std::string_view name, const auto& member, std::string_view) {
      members.emplace_back(std::string(name), to_json(member));
    });
    return out;
  } else {
    return Json(value);  // bool, numbers, strings, and Json itself
  }
}

/// Where a value stands in a document, "facts.tasks[3].id". Refers to the path of what it is in,
/// and becomes text only where something is wrong: documents have a hundred thousand values.
class JsonPath {
 public:
  JsonPath(std::string_view root) : name_(root) {}
  JsonPath(const char* root) : name_(root) {}
  JsonPath(const std::string& root) : name_(root) {}
  JsonPath(const JsonPath& parent, std::string_view member) : parent_(&parent), name_(member) {}
  JsonPath(const JsonPath& parent, const char* member) : parent_(&parent), name_(member) {}
  JsonPath(const JsonPath& parent, std::size_t index) : parent_(&parent), index_(index) {}

  std::string text() const {
    if (!parent_) return std::string(name_);
    if (name_.empty()) return parent_->text() + "[" + std::to_string(index_) + "]";
    return parent_->text() + "." + std::string(name_);
  }

 private:
  const JsonPath* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
};

template <class T>
Result<void> from_json(const Json& json, T& out, const JsonPath& path);

namespace codec_detail {

inline std::unexpected<Error> mismatch(const JsonPath& path, std::string_view wanted) {
  return fail(Errc::kMalformed, path.text() + ": expected " + std::string(wanted));
}

template <class T>
Result<void> number_from_json(const Json& json, T& out, const JsonPath& path) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) return mismatch(path, "a number");
    out = json.get<T>();
  } else {
    if (!json.is_number_integer()) return mismatch(path, "a whole number");
    const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                                : std::in_range<T>(json.get<std::int64_t>());
    if (!fits) return mismatch(path, "a whole number in range");
    out = json.get<T>();
  }
  return {};
}

template <class T>
Result<void> observed_from_json(const Json& json, Observed<T>& out, const JsonPath& path) {
  if (!json.is_object()) return mismatch(path, "an object with value, absent or unknown");
  // Two at once could turn ignorance into knowledge, whichever were read.
  if (json.contains("value") + json.contains("absent") + json.contains("unknown") != 1) {
    return mismatch(path, "exactly one of value, absent and unknown");
  }
  Evidence evidence;
  if (const auto it = json.find("evidence"); it != json.end()) {
    PF_TRY(from_json(*it, evidence, {path, "evidence"}));
  }
  if (const auto it = json.find("value"); it != json.end()) {
    Seen<T> seen{T{}, std::move(evidence)};
    PF_TRY(from_json(*it, seen.value, {path, "value"}));
    out = std::move(seen);
  } else if (const auto absent = json.find("absent"); absent != json.end()) {
    if (*absent != true) return mismatch({path, "absent"}, "true");
    out = Absent{std::move(evidence)};
  } else {
    Unknown unknown;
    PF_TRY(from_json(json["unknown"], unknown, {path, "unknown"}));
    out = std::move(unknown);
  }
  return {};
}

template <class T>
Result<void> struct_from_json(const Json& json, T& out, const JsonPath& path) {
  if (!json.is_object()) return mismatch(path, "an object");
  std::optional<Error> error;
  for_each_field<T>(out, [&](std::string_view name, auto& member, std::string_view) {
    if (error) return;
    const auto it = json.find(name);
    if (it == json.end()) return;  // keeps the default: unknown for observations
    const auto read = from_json(*it, member, {path, name});
    if (!read) error = read.error();
  });
  if (error) return std::unexpected(*std::move(error));
  return {};
}

}  // namespace codec_detail

/// Fills `out` from JSON. A missing key leaves the default, a wrong type is kMalformed with its
/// path.
template <class T>
Result<void> from_json(const Json& json, T& out, const JsonPath& path) {
  namespace d = codec_detail;
  if constexpr (d::ObservedTraits<T>::value) {
    return d::observed_from_json<typename d::ObservedTraits<T>::Value>(json, out, path);
  } else if constexpr (std::is_same_v<T, Json>) {
    out = json;
    return {};
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) return d::mismatch(path, "true or false");
    out = json.get<bool>();
    return {};
  } else if constexpr (std::is_arithmetic_v<T>) {
    return d::number_from_json(json, out, path);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return d::mismatch(path, "a text");
    out = json.get<std::string>();
    return {};
  } else if constexpr (d::DescribedEnum<T>) {
    if (!json.is_string() ||
        !boost::describe::enum_from_string(json.get_ref<const std::string&>().c_str(), out)) {
      return d::mismatch(path, "one of its names");
    }
    return {};
  } else if constexpr (d::VectorTraits<T>::value) {
    if (!json.is_array()) return d::mismatch(path, "a list");
    out.reserve(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
      typename T::value_type element{};
      PF_TRY(from_json(json[i], element, {path, i}));
      out.push_back(std::move(element));
    }
    return {};
  } else if constexpr (d::DescribedStruct<T>) {
    return d::struct_from_json(json, out, path);
  } else {
    static_assert(d::kUnsupportedType<T>, "teach model/codec.h to read this type");
  }
}

/// Reads a whole document of type T.
template <class T>
Result<T> decode(const Json& json, const JsonPath& name = "$") {
  T out{};
  PF_TRY(from_json(json, out, name));
  return out;
}

/// JSON Schema (draft 7) of T, without $schema and $id.
template <class T>
Json schema_of();

namespace codec_detail {

template <class T>
Json observed_schema() {
  const Json evidence = schema_of<Evidence>();
  const auto variant = [&](const char* key, Json schema, bool with_evidence) {
    Json out = {
        {"type", "object"}, {"required", {key}}, {"properties", {{key, std::move(schema)}}}};
    if (with_evidence) out["properties"]["evidence"] = evidence;
    return out;
  };
  return {{"oneOf",
           {variant("value", schema_of<T>(), true), variant("absent", {{"const", true}}, true),
            variant("unknown", schema_of<Unknown>(), false)}}};
}

template <class T>
Json enum_schema() {
  Json names = Json::array();
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&](auto enumerator) { names.push_back(enumerator.name); });
  return {{"type", "string"}, {"enum", std::move(names)}};
}

template <class T>
Json struct_schema() {
  Json out = {{"type", "object"}, {"required", Json::array()}, {"properties", Json::object()}};
  T object{};
  for_each_field<T>(object, [&](std::string_view name, const auto& member, std::string_view doc) {
    Json field = schema_of<std::remove_cvref_t<decltype(member)>>();
    field["description"] = doc;
    out["required"].push_back(name);
    out["properties"][std::string(name)] = std::move(field);
  });
  return out;
}

}  // namespace codec_detail

template <class T>
Json schema_of() {
  namespace d = codec_detail;
  if constexpr (d::ObservedTraits<T>::value) {
    return d::observed_schema<typename d::ObservedTraits<T>::Value>();
  } else if constexpr (std::is_same_v<T, Json>) {
    return Json::object();
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (std::is_integral_v<T>) {
    Json out = {{"type", "integer"}};
    if constexpr (std::is_unsigned_v<T>) out["minimum"] = 0;
    return out;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_same_v<T, Duration>) {
    return {{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h)$"}};
  } else if constexpr (d::DescribedEnum<T>) {
    return d::enum_schema<T>();
  } else if constexpr (d::VectorTraits<T>::value) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
  } else if constexpr (d::MapTraits<T>::value) {
    return {{"type", "object"}, {"additionalProperties", schema_of<typename T::mapped_type>()}};
  } else if constexpr (d::DescribedStruct<T>) {
    return d::struct_schema<T>();
  } else {
    static_assert(d::kUnsupportedType<T>, "teach model/codec.h the schema of this type");
  }
}

}  // namespace postflight
