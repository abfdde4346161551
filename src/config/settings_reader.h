// SPDX-License-Identifier: Apache-2.0
// Fills a described struct from a YAML tree and tells everything that does not fit. Which keys
// exist and of which type they are comes from PF_DESCRIBE alone. Heavy templates: include it in
// .cpp files only.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/text.h"
#include "config/config_problem.h"
#include "config/key_advice.h"
#include "config/yaml_tree.h"
#include "model/codec.h"

namespace postflight {

/// Where a value stands in the file, and whether it could be read.
struct ValuePlace {
  TextMark key;    ///< Of the key, or of the value where it has none.
  TextMark value;  ///< Of the key where there is no value.
  bool read = false;
};

/// Values the file holds, by path: "thresholds.http_slow_seconds", "credentials[0].component".
using ValuePlaces = std::map<std::string, ValuePlace>;

/// Calls visit(parent, key) for each key of T and of the structs in it; "" is the parent of T's
/// own.
template <codec_detail::DescribedStruct T, class Visit>
void for_each_key(const std::string& parent, Visit&& visit) {
  T object{};
  for_each_field<T>(object, [&](std::string_view name, const auto& member, std::string_view) {
    using Member = std::remove_cvref_t<decltype(member)>;
    visit(parent, std::string(name));
    if constexpr (codec_detail::DescribedStruct<Member>) {
      for_each_key<Member>(std::string(name), visit);
    } else if constexpr (codec_detail::VectorTraits<Member>::value) {
      if constexpr (codec_detail::DescribedStruct<typename Member::value_type>) {
        for_each_key<typename Member::value_type>(std::string(name), visit);
      }
    }
  });
}

/// One reading of one document. Every failure becomes a problem; what cannot be read keeps its
/// default.
class SettingsReader {
 public:
  SettingsReader(const YamlTree& tree, ProblemList& problems) : tree_(tree), problems_(problems) {}

  /// Fills `out` from the root of the tree; a document without content leaves it as it is.
  template <codec_detail::DescribedStruct T>
  void read_document(T& out) {
    for_each_key<T>("", [this](const std::string& parent, const std::string& key) {
      parents_.emplace(key, parent);
    });
    read(tree_.root, "", out);
  }

  const ValuePlaces& places() const { return places_; }

 private:
  using Kind = YamlNode::Kind;

  template <class T>
  bool read(const YamlNode& node, const std::string& path, T& out) {
    namespace d = codec_detail;
    if constexpr (d::DescribedStruct<T>) {
      return expect(Kind::kMap, node, path) && read_struct(node, path, out);
    } else if constexpr (d::MapTraits<T>::value) {
      return expect(Kind::kMap, node, path) && read_map(node, path, out);
    } else if constexpr (d::VectorTraits<T>::value) {
      return expect(Kind::kSequence, node, path) && read_vector(node, path, out);
    } else {
      return expect(Kind::kScalar, node, path) && read_scalar(node, path, out);
    }
  }

  template <class T>
  bool read_struct(const YamlNode& node, const std::string& path, T& out) {
    std::vector<std::string> known;
    for_each_field<T>(
        out, [&](std::string_view name, auto&, std::string_view) { known.emplace_back(name); });
    for_each_new_key(node, path, [&](const YamlKey& key, const YamlNode& item) {
      bool found = false;
      for_each_field<T>(out, [&](std::string_view name, auto& member, std::string_view) {
        if (name != key.text) return;
        found = true;
        read_member(key, item, path.empty() ? key.text : path + "." + key.text, member);
      });
      if (!found) report_unknown_key(key, item, known, parents_, tree_, problems_);
    });
    return true;
  }

  template <class T>
  bool read_map(const YamlNode& node, const std::string& path, T& out) {
    out.clear();
    for_each_new_key(node, path, [&](const YamlKey& key, const YamlNode& item) {
      typename T::mapped_type value{};
      if (read_member(key, item, path + "." + key.text, value)) out[key.text] = std::move(value);
    });
    return true;
  }

  template <class T>
  bool read_vector(const YamlNode& node, const std::string& path, T& out) {
    out.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = fmt::format("{}[{}]", path, i);
      const YamlNode& item = node.items[i];
      typename T::value_type value{};
      const bool good = item.kind != Kind::kNull ? read(item, item_path, value)
                                                 : report(item, item_path + " has no value", "");
      places_[item_path] = {item.mark, item.mark, good};
      out.push_back(
          std::move(value));  // also a bad one, so that an index means the same everywhere
    }
    return true;
  }

  /// A key without a value: nothing for a container, whose entries may all be commented out, but an
  /// unfinished line for anything else.
  template <class T>
  bool read_member(const YamlKey& key, const YamlNode& item, const std::string& path, T& out) {
    constexpr bool kContainer = codec_detail::DescribedStruct<T> ||
                                codec_detail::MapTraits<T>::value ||
                                codec_detail::VectorTraits<T>::value;
    if (item.kind == Kind::kNull) {
      if constexpr (kContainer) return true;
      problems_.add(key.mark, path + " has no value", "leave out the line to get the default");
      places_[path] = {key.mark, key.mark, false};
      return false;
    }
    const bool good = read(item, path, out);
    places_[path] = {key.mark, item.mark, good};
    return good;
  }

  template <class T>
  bool read_scalar(const YamlNode& node, const std::string& path, T& out) {
    if constexpr (std::is_same_v<T, std::string>) {
      return read_text(node, path, out);
    } else if constexpr (std::is_same_v<T, Duration>) {
      return read_duration(node, path, out);
    } else if constexpr (std::is_floating_point_v<T>) {
      return read_number(node, path, out);
    } else if constexpr (codec_detail::DescribedEnum<T>) {
      if (boost::describe::enum_from_string(node.text.c_str(), out)) return true;
      std::string names;
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        names += (names.empty() ? "" : ", ") + std::string(enumerator.name);
      });
      return report(node, path + " is none of: " + names, "");
    } else {
      static_assert(codec_detail::kUnsupportedType<T>, "teach the reader this type");
    }
  }

  /// Visits each key the first time it occurs and reports the others.
  template <class Visit>
  void for_each_new_key(const YamlNode& node, const std::string& path, Visit&& visit) {
    std::map<std::string_view, TextMark> seen;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const YamlKey& key = node.keys[i];
      const auto [first, fresh] = seen.emplace(key.text, key.mark);
      if (fresh) {
        visit(key, node.items[i]);
      } else {
        report_duplicate(key, node.items[i], path, first->second);
      }
    }
  }

  bool expect(Kind kind, const YamlNode& node, const std::string& path);
  bool read_text(const YamlNode& node, const std::string& path, std::string& out);
  bool read_duration(const YamlNode& node, const std::string& path, Duration& out);
  bool read_number(const YamlNode& node, const std::string& path, double& out);
  void report_duplicate(const YamlKey& key, const YamlNode& item, const std::string& path,
                        TextMark first);
  bool report(const YamlNode& node, std::string message, std::string hint);

  const YamlTree& tree_;
  ProblemList& problems_;
  KeyParents parents_;
  ValuePlaces places_;
};

}  // namespace postflight
