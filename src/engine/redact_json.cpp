// SPDX-License-Identifier: Apache-2.0
// Redaction by structure: names of members tell which values are secret.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/redact.h"
#include "engine/redact_gate.h"
#include "engine/redact_named.h"

namespace postflight {
namespace {

/// What is secret in a JSON value: nothing; its strings; and its numbers, but for such as count.
enum class Secrecy { none, texts, all_but_counts, all };

Secrecy secrecy_under(std::string_view name) {
  if (!names_a_secret(name)) return Secrecy::none;
  return counts_secrets(name) ? Secrecy::all_but_counts : Secrecy::all;
}

/// {"name": "DB_PASSWORD", "value": "…"}, as orchestrators list an environment: how secret the
/// value is.
Secrecy secrecy_of_named(const Json& object) {
  for (const char* key : {"name", "key", "Name", "Key"}) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_string()) continue;
    const Secrecy found = secrecy_under(it->get_ref<const std::string&>());
    if (found != Secrecy::none) return found;
  }
  return Secrecy::none;
}

/// True for evidence of a fact and for the reason why it is unknown, in exactly the form we write:
/// text about a secret, not the secret itself.
bool is_about_fact(std::string_view key, const Json& member) {
  if (!member.is_object()) return false;
  const auto holds_only = [&](std::initializer_list<std::string_view> allowed) {
    return std::ranges::all_of(member.items(), [&](const auto& item) {
      return item.value().is_string() && std::ranges::find(allowed, item.key()) != allowed.end();
    });
  };
  return (key == "evidence" && holds_only({"source", "excerpt", "at"})) ||
         (key == "unknown" && holds_only({"why", "detail"}));
}

void redact_value(Json& value, Secrecy secrecy);

/// Gives the object's members the names they have without secrets.
void rename_members(Json& object) {
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();  // its own look-up walks through all of them
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, int> same;
  for (auto& [key, member] : object.items()) {
    const std::string redacted = redact_text(key);
    std::string name = redacted;
    while (!taken.insert(name).second) {  // two names that differed in their secret alone
      name = redacted + "+" + std::to_string(++same[redacted]);
    }
    members.emplace_back(std::move(name), std::move(member));
  }
  object = std::move(out);
}

void redact_object(Json& object, Secrecy secrecy) {
  const Secrecy named = secrecy_of_named(object);
  bool rename = false;
  for (auto& [key, member] : object.items()) {
    Secrecy inner = secrecy == Secrecy::none ? Secrecy::none : Secrecy::texts;
    if (key == "value" || key == "Value") inner = std::max(secrecy, named);
    inner = std::max(inner, secrecy_under(key));
    if (is_about_fact(key, member)) inner = Secrecy::none;
    redact_value(member, inner);
    rename = rename || without_secrets(key);
  }
  if (rename) rename_members(object);
}

/// ["--requirepass", "…"], as a command line stands in JSON: true for the first.
bool asks_for_secret(const Json& argument) {
  if (!argument.is_string()) return false;
  const std::string_view text = argument.get_ref<const std::string&>();
  return text == "requirepass" || text == "masterauth" ||
         (text.starts_with("-") && names_a_secret(text));
}

void redact_array(Json& array, Secrecy secrecy) {
  bool asked = false;
  for (Json& element : array) {
    const bool option =
        element.is_string() && element.get_ref<const std::string&>().starts_with("-");
    const bool asks = asks_for_secret(element);
    redact_value(element, asked && !option && !element.is_structured() ? Secrecy::all : secrecy);
    asked = asks;
  }
}

bool is_secret_number(const Json& value, Secrecy secrecy) {
  return value.is_number() && (secrecy == Secrecy::all ||
                               (secrecy == Secrecy::all_but_counts && !is_count(value.dump())));
}

void redact_value(Json& value, Secrecy secrecy) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (secrecy != Secrecy::none && !text.empty()) {
      text = kRedacted;
    } else if (auto redacted = without_secrets(text)) {
      text = *std::move(redacted);
    }
  } else if (is_secret_number(value, secrecy)) {
    value = kRedacted;
  } else if (value.is_object()) {
    redact_object(value, secrecy);
  } else if (value.is_array()) {
    redact_array(value, secrecy);
  }
}

}  // namespace

void redact_json(Json& value) {
  redact_value(value, Secrecy::none);
}

}  // namespace postflight
