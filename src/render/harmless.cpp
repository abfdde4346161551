// SPDX-License-Identifier: Apache-2.0
#include "render/harmless.h"

#include <algorithm>

#include "base/text.h"
#include "model/codec.h"

namespace postflight {
namespace {

Json printable(const Json& value) {
  if (value.is_string()) return printable_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& element : value) out.push_back(printable(element));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, member] : value.items())
    out[on_one_line(printable_utf8(key))] = printable(member);
  return out;
}

/// A fact has one of three states; whatever else stands there is not understood.
Json as_fact(const Json& fact) {
  const bool is_fact = fact.is_object() && (fact.contains("value") || fact.contains("absent") ||
                                            fact.contains("unknown"));
  return is_fact ? fact : to_json(Observed<bool>{Unknown{Why::malformed, ""}});
}

}  // namespace

Report harmless(const Report& report) {
  Report out = decode<Report>(printable(to_json(report))).value();  // only strings have changed
  for (ComponentReport& component : out.components) {
    if (!component.facts.is_object()) component.facts = Json::object();
    for (Json& fact : component.facts) fact = as_fact(fact);
  }
  return out;
}

std::string on_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  return text;
}

std::string text_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace postflight
