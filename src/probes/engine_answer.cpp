// SPDX-License-Identifier: Apache-2.0
#include "probes/engine_answer.h"

#include <fmt/format.h>

#include <algorithm>

namespace postflight {
namespace {

constexpr std::size_t kMillisecondDigits = 3;

constexpr std::size_t kDateLength = 10;

/// "Z" or "+03:00": how far the local time is ahead. The daemon writes some of its times in its own
/// time zone.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = parse_number<std::uint16_t>(text.substr(1, 2));
  const auto minutes = parse_number<std::uint16_t>(text.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes ahead{*hours * 60 + *minutes};
  return text[0] == '-' ? -ahead : ahead;
}

/// "State/Health" as "State.Health", which is how templates of the native tool name it.
std::string dotted(std::string_view path) {
  std::string out(path);
  std::ranges::replace(out, '/', '.');
  return out;
}

std::string_view last_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

const Json* EngineAnswer::find(std::string_view path) const {
  const Json* json = &answer_;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!json->is_object()) return nullptr;
    const auto member = json->find(part);
    if (member == json->end()) return nullptr;
    json = &*member;
  }
  return json->is_null() ? nullptr : json;
}

std::string EngineAnswer::text_or_empty(std::string_view path) const {
  const Json* member = find(path);
  return member && member->is_string() ? printable_utf8(member->get_ref<const std::string&>())
                                       : std::string{};
}

std::vector<std::string> EngineAnswer::texts(std::string_view path) const {
  std::vector<std::string> out;
  const Json* list = find(path);
  if (!list || !list->is_array()) return out;
  for (const Json& item : *list) {
    if (item.is_string()) out.push_back(printable_utf8(item.get_ref<const std::string&>()));
  }
  return out;
}

Evidence EngineAnswer::from(std::string_view path) const {
  const Json* member = find(path);
  return from(path,
              fmt::format("\"{}\": {}", last_part(path), member ? dump_json(*member) : "null"));
}

Evidence EngineAnswer::from(std::string_view path, std::string_view shown) const {
  return {fmt::format("{}, {}", source_, dotted(path)), excerpt(shown), at_};
}

Unknown EngineAnswer::missing(std::string_view path) const {
  return {Why::unsupported, fmt::format("{} has no {}", source_, dotted(path))};
}

Unknown EngineAnswer::malformed(std::string_view path) const {
  const Json* member = find(path);
  return {Why::malformed, fmt::format("{}, {}: {}", source_, dotted(path),
                                      excerpt(member ? dump_json(*member) : "null", 60))};
}

Observed<std::string> EngineAnswer::text(std::string_view path) const {
  const Json* member = find(path);
  if (!member) return missing(path);
  if (!member->is_string()) return malformed(path);
  return Seen{text_or_empty(path), from(path)};
}

Observed<std::string> EngineAnswer::text_or_absent(std::string_view path) const {
  if (!find(path) || text_or_empty(path).empty()) return Absent{from(path)};
  return text(path);
}

Observed<bool> EngineAnswer::flag(std::string_view path) const {
  const Json* member = find(path);
  if (!member) return missing(path);
  if (!member->is_boolean()) return malformed(path);
  return Seen{member->get<bool>(), from(path)};
}

Observed<std::string> EngineAnswer::time(std::string_view path) const {
  const Observed<std::string> read = text(path);
  if (!read.seen()) return read;
  if (read.seen()->value.starts_with("0001-")) return Absent{from(path)};
  if (!parse_engine_time(read.seen()->value)) return malformed(path);
  return read;
}

Observed<double> EngineAnswer::seconds_since(std::string_view path) const {
  return time(path).visit(
      [&](const Seen<std::string>& seen) -> Observed<double> {
        const std::chrono::duration<double> passed = now_ - *parse_engine_time(seen.value);
        return Seen{std::max(0.0, passed.count()), seen.evidence};
      },
      [](const Absent& absent) -> Observed<double> { return absent; },
      [](const Unknown& unknown) -> Observed<double> { return unknown; });
}

Observed<double> EngineAnswer::seconds(std::string_view path) const {
  const Json* member = find(path);
  if (!member) return missing(path);
  if (!member->is_number()) return malformed(path);
  return Seen{member->get<double>() / 1e9, from(path)};
}

std::optional<WallTime> parse_engine_time(std::string_view text) {
  if (text.starts_with("0001-")) return std::nullopt;
  std::string plain(text.substr(0, std::min(text.size(), text.find_first_of(".Z+", kDateLength))));
  // A date has dashes as well, so the sign of an offset is looked for behind it.
  const auto minus = plain.find('-', kDateLength);
  if (minus != std::string::npos) plain.resize(minus);
  std::string_view rest = text.substr(plain.size());
  std::string digits;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.size(), rest.find_first_not_of("0123456789"));
    digits = rest.substr(0, std::min(kMillisecondDigits, end));
    rest.remove_prefix(end);
  }
  digits.resize(kMillisecondDigits, '0');
  const auto time = parse_rfc3339(fmt::format("{}.{}Z", plain, digits));
  const auto offset = parse_offset(rest);
  if (!time || !offset) return std::nullopt;
  return *time - *offset;
}

}  // namespace postflight
