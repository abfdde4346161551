// SPDX-License-Identifier: Apache-2.0
#include "probes/unit_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "probes/unit_folders.h"

namespace postflight::systemd_look {
namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kLatest = 253'402'300'799'000'000;  // the end of the year 9999

// siginfo_t.si_code of waitid(2)
constexpr std::int64_t kExited = 1, kKilled = 2, kDumped = 3;

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

/// A fact that units of this type do not have.
Absent does_not_apply(const Properties& p, std::string_view name) {
  return {Evidence{fmt::format("{} of {}", name, p.unit()),
                   fmt::format("a {} has none", unit_type(p.unit())), p.from(name).at}};
}

void read_state(const Properties& p, WallTime now, UnitFacts& f) {
  f.unit = p.text("Id");
  f.description = p.text_or_absent("Description");
  f.load_state = Required<std::string>{p.text("LoadState")};
  f.active_state = Required<std::string>{p.text("ActiveState")};
  f.sub_state = p.text("SubState");
  f.since = p.time("StateChangeTimestamp");
  f.last_start = p.time("ActiveEnterTimestamp");
  const auto changed = p.plain_count("StateChangeTimestamp");
  const auto then = wall_time(changed ? *changed : 0);
  f.since_seconds = f.since.visit(
      [&](const Seen<std::string>& seen) -> Observed<double> {
        return Seen{std::chrono::duration<double>(now - *then).count(), seen.evidence};
      },
      [](const Absent& absent) -> Observed<double> { return absent; },
      [](const Unknown& unknown) -> Observed<double> { return unknown; });
  f.unit_file_state = p.text_or_absent("UnitFileState");
  f.unit_file = p.text_or_absent("FragmentPath");
  if (f.unit_file.absent()) f.unit_file = p.text_or_absent("SourcePath");
  f.drop_ins = p.texts("DropInPaths");
  f.transient = p.flag("Transient");
  f.needs_daemon_reload = p.flag("NeedDaemonReload");
  f.triggered_by = p.texts("TriggeredBy");
  f.triggers = p.texts("Triggers");
}

/// ConditionResult of a unit that nobody has started yet is false and means nothing.
void read_conditions(const Properties& p, UnitFacts& f) {
  const auto checked = p.plain_count("ConditionTimestamp");
  if (checked && *checked == 0) {
    f.conditions_met = Absent{p.from("ConditionTimestamp")};
  } else {
    f.conditions_met = p.flag("ConditionResult");
  }
}

void read_load_error(const Properties& p, const Json& values, UnitFacts& f) {
  const auto found = values.find("LoadError");
  if (found == values.end()) {
    f.load_error = Unknown{Why::unsupported, "this systemd has no property LoadError"};
    return;
  }
  const bool pair = found->is_array() && found->size() == 2 && (*found)[1].is_string();
  if (!pair) {
    f.load_error = Unknown{Why::malformed, "LoadError is no pair of texts"};
    return;
  }
  const std::string text = printable_utf8((*found)[1].get<std::string>());
  if (text.empty()) {
    f.load_error = Absent{p.from("LoadError")};
  } else {
    f.load_error = Seen{text, p.from("LoadError")};
  }
}

void read_exit(const Properties& p, UnitFacts& f) {
  const Observed<std::int64_t> code = p.number("ExecMainCode");
  const auto* seen = code.seen();
  if (seen && seen->value == 0) {
    f.exit_code = Absent{seen->evidence};
    f.exit_status = Absent{seen->evidence};
    return;
  }
  f.exit_code = code.visit(
      [&](const Seen<std::int64_t>& one) -> Observed<std::string> {
        switch (one.value) {
          case kExited: return Seen{std::string("exited"), one.evidence};
          case kKilled: return Seen{std::string("killed"), one.evidence};
          case kDumped: return Seen{std::string("dumped"), one.evidence};
          default: return Unknown{Why::unsupported, fmt::format("ExecMainCode={}", one.value)};
        }
      },
      [](const Absent& absent) -> Observed<std::string> { return absent; },
      [](const Unknown& unknown) -> Observed<std::string> { return unknown; });
  f.exit_status = p.number("ExecMainStatus");
}

void read_service(const Properties& p, UnitFacts& f) {
  f.type = p.text("Type");
  f.remains_after_exit = p.flag("RemainAfterExit");
  f.restart_policy = p.text("Restart");
  f.restarts_total = p.count("NRestarts");
  const Observed<std::int64_t> pid = p.number("MainPID");
  const auto* seen = pid.seen();
  if (seen && seen->value == 0) {
    f.main_pid = Absent{seen->evidence};
  } else {
    f.main_pid = pid;
  }
  read_exit(p, f);
}

void no_service(const Properties& p, UnitFacts& f) {
  f.type = does_not_apply(p, "Type");
  f.remains_after_exit = does_not_apply(p, "RemainAfterExit");
  f.restart_policy = does_not_apply(p, "Restart");
  f.restarts_total = does_not_apply(p, "NRestarts");
  f.main_pid = does_not_apply(p, "MainPID");
  f.exit_code = does_not_apply(p, "ExecMainCode");
  f.exit_status = does_not_apply(p, "ExecMainStatus");
}

void read_resources(const Properties& p, UnitFacts& f) {
  f.tasks = p.limit("TasksCurrent");
  f.memory_max_bytes = p.limit("MemoryMax");
  // On cgroup v1 an old unit may still set MemoryLimit=, which systemd shows apart.
  if (f.memory_max_bytes.absent() && p.has("MemoryLimit")) {
    f.memory_max_bytes = p.limit("MemoryLimit");
  }
  f.open_files_limit = p.limit("LimitNOFILESoft");
  f.open_files_hard_limit = p.limit("LimitNOFILE");
}

void no_resources(const Properties& p, UnitFacts& f) {
  f.tasks = does_not_apply(p, "TasksCurrent");
  f.memory_max_bytes = does_not_apply(p, "MemoryMax");
  f.open_files_limit = does_not_apply(p, "LimitNOFILESoft");
  f.open_files_hard_limit = does_not_apply(p, "LimitNOFILE");
}

}  // namespace

std::optional<WallTime> wall_time(std::uint64_t microseconds) {
  if (microseconds == 0 || microseconds > kLatest) return std::nullopt;
  return WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(microseconds / 1000)}};
}

Evidence Properties::from(std::string_view name) const {
  const auto found = values_.find(name);
  std::string raw = "(no such property)";
  if (found != values_.end()) {
    raw = found->is_string() ? found->get<std::string>() : dump_json(*found);
  }
  return {fmt::format("{} of {}", name, unit_), excerpt(fmt::format("{}={}", name, raw)), at_};
}

template <class T, class Read>
Observed<T> Properties::read(std::string_view name, Read&& read) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    return Unknown{Why::unsupported, fmt::format("this systemd has no property {}", name)};
  }
  std::optional<T> value = read(*found);
  if (!value) return Unknown{Why::malformed, from(name).excerpt};
  return Seen{*std::move(value), from(name)};
}

Observed<std::string> Properties::text(std::string_view name) const {
  return read<std::string>(name, [](const Json& json) -> std::optional<std::string> {
    if (!json.is_string()) return std::nullopt;
    return printable_utf8(json.get<std::string>());
  });
}

Observed<std::string> Properties::text_or_absent(std::string_view name) const {
  Observed<std::string> value = text(name);
  const auto* seen = value.seen();
  if (seen && seen->value.empty()) return Absent{seen->evidence};
  return value;
}

Observed<bool> Properties::flag(std::string_view name) const {
  return read<bool>(name, [](const Json& json) -> std::optional<bool> {
    if (!json.is_boolean()) return std::nullopt;
    return json.get<bool>();
  });
}

Observed<std::uint64_t> Properties::count(std::string_view name) const {
  return read<std::uint64_t>(name, [](const Json& json) -> std::optional<std::uint64_t> {
    if (json.is_number_unsigned()) return json.get<std::uint64_t>();
    if (!json.is_number_integer() || json.get<std::int64_t>() < 0) return std::nullopt;
    return json.get<std::uint64_t>();
  });
}

Observed<std::uint64_t> Properties::limit(std::string_view name) const {
  Observed<std::uint64_t> value = count(name);
  const auto* seen = value.seen();
  if (seen && seen->value == kInfinity) {
    return Absent{
        {seen->evidence.source, fmt::format("{}=infinity or not set", name), seen->evidence.at}};
  }
  return value;
}

Observed<std::int64_t> Properties::number(std::string_view name) const {
  return read<std::int64_t>(name, [](const Json& json) -> std::optional<std::int64_t> {
    if (!json.is_number_integer()) return std::nullopt;
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > kInfinity / 2) return std::nullopt;
    return json.get<std::int64_t>();
  });
}

Observed<std::string> Properties::time(std::string_view name) const {
  const Observed<std::uint64_t> value = count(name);
  return value.visit(
      [](const Seen<std::uint64_t>& seen) -> Observed<std::string> {
        // 0 is "never", and so is all ones where the clock is the monotonic one.
        if (seen.value == 0 || seen.value == kInfinity) return Absent{seen.evidence};
        const auto time = wall_time(seen.value);
        if (!time) return Unknown{Why::malformed, seen.evidence.excerpt};
        return Seen{format_rfc3339(*time), seen.evidence};
      },
      [](const Absent& absent) -> Observed<std::string> { return absent; },
      [](const Unknown& unknown) -> Observed<std::string> { return unknown; });
}

Observed<std::vector<std::string>> Properties::texts(std::string_view name) const {
  return read<std::vector<std::string>>(
      name, [](const Json& json) -> std::optional<std::vector<std::string>> {
        if (!json.is_array()) return std::nullopt;
        std::vector<std::string> all;
        for (const Json& one : json) {
          if (!one.is_string()) return std::nullopt;
          all.push_back(printable_utf8(one.get<std::string>()));
        }
        return all;
      });
}

std::optional<std::uint64_t> Properties::plain_count(std::string_view name) const {
  const Observed<std::uint64_t> value = count(name);
  if (const auto* seen = value.seen()) return seen->value;
  return std::nullopt;
}

std::string Properties::plain_text(std::string_view name) const {
  const Observed<std::string> value = text(name);
  const auto* seen = value.seen();
  return seen ? seen->value : std::string{};
}

std::vector<std::string> Properties::plain_texts(std::string_view name) const {
  const Observed<std::vector<std::string>> value = texts(name);
  const auto* seen = value.seen();
  return seen ? seen->value : std::vector<std::string>{};
}

std::vector<std::string> programs_of(const Json& properties) {
  std::vector<std::string> programs;
  const auto found = properties.find("ExecStart");
  if (found == properties.end() || !found->is_array()) return programs;
  for (const Json& command : *found) {
    const bool readable = command.is_array() && !command.empty() && command[0].is_string();
    if (readable) programs.push_back(printable_utf8(command[0].get<std::string>()));
  }
  return programs;
}

void read_properties(const Properties& properties, WallTime now, UnitFacts& facts) {
  const Properties& p = properties;
  const auto type = unit_type(p.unit());
  read_state(p, now, facts);
  read_conditions(p, facts);
  read_load_error(p, p.values(), facts);
  const bool has_result = !is_one_of(type, {"target", "slice", "device"});
  if (has_result) {
    facts.result = p.text("Result");
  } else {
    facts.result = does_not_apply(p, "Result");
  }
  if (type == "service") {
    read_service(p, facts);
  } else {
    no_service(p, facts);
  }
  if (is_one_of(type, {"service", "socket", "mount", "swap"})) {
    read_resources(p, facts);
  } else {
    no_resources(p, facts);
  }
  if (type == "timer") {
    facts.last_trigger = p.time("LastTriggerUSec");
    facts.next_trigger = p.time("NextElapseUSecRealtime");
  } else {
    facts.last_trigger = does_not_apply(p, "LastTriggerUSec");
    facts.next_trigger = does_not_apply(p, "NextElapseUSecRealtime");
  }
}

}  // namespace postflight::systemd_look
