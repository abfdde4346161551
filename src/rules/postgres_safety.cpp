// SPDX-License-Identifier: Apache-2.0
// Judges whether a cluster's data would survive, and whether another cluster is mistaken for it.
// Source: the manual, "Reliability and the Write-Ahead Log", "Continuous Archiving", "Replication
// Slots", "Routine Vacuuming", "Data Checksums".
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rules/postgres_rules.h"

namespace postflight::rules::postgres_rules {
namespace {

constexpr std::array<std::string_view, 4> kDiscards = {"true", "/bin/true", "/usr/bin/true",
                                                       "exit 0"};
constexpr std::array<std::string_view, 3> kCommonDatabases = {"postgres", "template0", "template1"};

FindingDraft with_setting(FindingDraft found, const PostgresFacts& f, const PostgresSetting& one) {
  const Evidence& all = f.settings.seen()->evidence;
  found.about(one.name)
      .arg("setting", one.name)
      .arg("value", one.value)
      .arg("place", place_of(one))
      .because(
          {all.source, fmt::format("{} = {} ({})", one.name, one.value, place_of(one)), all.at});
  return found;
}

/// A finding for each of the settings that is off.
template <std::size_t N>
Verdicts each_off(const std::array<std::string_view, N>& names, Severity severity,
                  const PostgresFacts& f, const JudgeContext& c) {
  Verdicts verdicts;
  for (const auto name : names) {
    Verdicts one = judge_setting(f, name, [&](const PostgresSetting& found) -> Verdicts {
      if (found.value != "off") return silent();
      return with_setting(draft(severity, f, c), f, found);
    });
    std::ranges::move(one.findings, std::back_inserter(verdicts.findings));
    std::ranges::move(one.unknowns, std::back_inserter(verdicts.unknowns));
  }
  return verdicts;
}

/// Another cluster of the same machine, as far as its facts can be read.
struct Neighbour {
  const Component* component;
  PostgresFacts facts;
};

std::vector<Neighbour> neighbours(const JudgeContext& c) {
  std::vector<Neighbour> found;
  for (const Component& one : c.document.components) {
    if (one.kind != c.component.kind || one.id == c.component.id) continue;
    if (auto facts = decode<PostgresFacts>(one.facts, one.id)) {
      found.push_back({&one, *std::move(facts)});
    }
  }
  return found;
}

bool is_true(const Observed<bool>& fact) {
  return fact.seen() && fact.seen()->value;
}

std::uint32_t clients_of(const PostgresFacts& f) {
  std::uint32_t sum = 0;
  if (const auto* clients = f.clients.seen()) {
    for (const PostgresClients& one : clients->value) sum += one.connections;
  }
  return sum;
}

std::string container_at(const Component& component, const JudgeContext& c) {
  return container_of(cluster_of({c.document, component, c.thresholds}));
}

/// Of two clusters the one that is probably left over: that in a container, then that with fewer
/// clients, then the one that comes later.
bool is_the_older(const PostgresFacts& f, const JudgeContext& c, const Neighbour& other) {
  const bool here = !container_at(c.component, c).empty();
  const bool there = !container_at(*other.component, c).empty();
  if (here != there) return here;
  const auto own = clients_of(f), others = clients_of(other.facts);
  return own != others ? own < others : c.component.id > other.component->id;
}

std::vector<std::string> common_names(const std::vector<PostgresDatabase>& a,
                                      const std::vector<PostgresDatabase>& b) {
  std::vector<std::string> names;
  for (const PostgresDatabase& one : a) {
    const bool usual =
        std::ranges::find(kCommonDatabases, std::string_view(one.name)) != kCommonDatabases.end();
    const bool both = std::ranges::find(b, one.name, &PostgresDatabase::name) != b.end();
    if (!usual && both) names.push_back(one.name);
  }
  return names;
}

}  // namespace

Verdicts writes_not_safe(const PostgresFacts& f, const JudgeContext& c) {
  return each_off(std::array<std::string_view, 2>{"fsync", "full_page_writes"}, Severity::critical,
                  f, c);
}

Verdicts commits_may_be_lost(const PostgresFacts& f, const JudgeContext& c) {
  return each_off(std::array<std::string_view, 1>{"synchronous_commit"}, Severity::info, f, c);
}

Verdicts autovacuum_off(const PostgresFacts& f, const JudgeContext& c) {
  return each_off(std::array<std::string_view, 2>{"autovacuum", "track_counts"}, Severity::warning,
                  f, c);
}

Verdicts archiving_fails(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool fails) -> Verdicts {
        if (!fails) return silent();
        const auto* settings = f.settings.seen();
        const PostgresSetting* command =
            settings ? setting(settings->value, "archive_command") : nullptr;
        return draft(Severity::warning, f, c)
            .arg("file", shown(f.archive_last_failed))
            .arg("waiting", shown(f.archive_waiting))
            .arg("failed", shown(f.archive_failed_total))
            .arg("command", command ? Json(command->value) : Json())
            .arg("wal", shown(f.wal_bytes));
      },
      f.archiving_fails);
}

/// With a library the command is not used; empty, archiving waits, and write-ahead log piles up.
Verdicts archiving_goes_nowhere(const PostgresFacts& f, const JudgeContext& c) {
  return judge_setting(f, "archive_mode", [&](const PostgresSetting& mode) -> Verdicts {
    if (mode.value == "off") return silent();
    const auto& settings = f.settings.seen()->value;
    const PostgresSetting* library = setting(settings, "archive_library");
    const PostgresSetting* command = setting(settings, "archive_command");
    if (library && !library->value.empty()) return silent();
    if (!command) return Unknown{Why::denied, "the server does not show archive_command"};
    const bool empty = command->value.empty();
    const bool discards = std::ranges::find(kDiscards, trim(command->value)) != kDiscards.end();
    if (!empty && !discards) return silent();
    return draft(empty ? Severity::warning : Severity::info, f, c)
        .arg("command", command->value)
        .arg("empty", empty ? 1 : 0)
        .arg("waiting", shown(f.archive_waiting));
  });
}

Verdicts slot_keeps_wal(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresSlot>& slots) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresSlot& one : slots) {
          const bool lost = one.wal_status == "lost";
          const bool large =
              static_cast<double>(one.retained_bytes) >= c.thresholds.postgres_slot_retained_bytes;
          if (one.active || (!lost && !large)) continue;
          verdicts.findings.push_back(draft(Severity::warning, f, c)
                                          .arg("slot", one.name)
                                          .arg("type", one.type)
                                          .arg("retained", one.retained_bytes)
                                          .arg("lost", lost ? 1 : 0)
                                          .about(one.name));
        }
        return verdicts;
      },
      f.replication_slots);
}

/// One that only restores from an archive receives nothing and follows nobody.
Verdicts replica_cut_off(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool standby, bool follows) -> Verdicts {
        if (!standby || !follows) return silent();
        if (const auto* unknown = f.receiver_status.unknown()) return *unknown;
        const auto* status = f.receiver_status.seen();
        if (status && status->value == "streaming") return silent();
        const Evidence& evidence = status ? status->evidence : f.receiver_status.absent()->evidence;
        return draft(Severity::critical, f, c)
            .arg("status", status ? status->value : std::string("no receiver"))
            .because(evidence);
      },
      f.in_recovery, f.follows_primary);
}

Verdicts checksum_failures(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t failures) -> Verdicts {
        if (failures == 0) return silent();
        return draft(Severity::critical, f, c).arg("failures", failures);
      },
      f.checksum_failures_total);
}

Verdicts checksums_off(const PostgresFacts& f, const JudgeContext& c) {
  return judge_setting(f, "data_checksums", [&](const PostgresSetting& one) -> Verdicts {
    if (one.value != "off") return silent();
    return draft(Severity::info, f, c).arg("data", shown(f.data_directory));
  });
}

Verdicts wraparound_near(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t xid, std::uint64_t multixact) -> Verdicts {
        const auto age = static_cast<double>(std::max(xid, multixact));
        if (age < c.thresholds.postgres_transaction_age_warning) return silent();
        const bool critical = age >= c.thresholds.postgres_transaction_age_critical;
        return draft(critical ? Severity::critical : Severity::warning, f, c)
            .arg("age", std::max(xid, multixact))
            .arg("multi", multixact > xid ? 1 : 0);
      },
      f.oldest_transaction_age, f.oldest_multixact_age);
}

/// Two copies of one data directory that both take writes have gone apart since.
Verdicts same_cluster_twice(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& id, bool standby) -> Verdicts {
        if (standby) return silent();
        for (const Neighbour& other : neighbours(c)) {
          const auto* theirs = other.facts.system_identifier.seen();
          if (!theirs || theirs->value != id) continue;
          if (const auto* unknown = other.facts.in_recovery.unknown()) return *unknown;
          if (is_true(other.facts.in_recovery) || !is_the_older(f, c, other)) continue;
          return draft(Severity::critical, f, c)
              .arg("other", other.component->name)
              .arg("identifier", id)
              .arg("clients", clients_of(f))
              .arg("other_clients", clients_of(other.facts))
              .arg("other_psql", psql(other.facts, {c.document, *other.component, c.thresholds}))
              .because(theirs->evidence);
        }
        return silent();
      },
      f.system_identifier, f.in_recovery);
}

Verdicts same_database_twice(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresDatabase>& databases, bool standby) -> Verdicts {
        if (standby) return silent();
        for (const Neighbour& other : neighbours(c)) {
          if (!is_true(other.facts.answers) || !is_the_older(f, c, other)) continue;
          const auto* theirs = other.facts.databases.seen();
          if (!theirs) {
            const auto* unknown = other.facts.databases.unknown();
            return unknown ? Verdicts{*unknown} : silent();
          }
          const auto* own_id = f.system_identifier.seen();
          const auto* their_id = other.facts.system_identifier.seen();
          const bool copies = own_id && their_id && own_id->value == their_id->value;
          const auto names = common_names(databases, theirs->value);
          if (copies || names.empty() || is_true(other.facts.in_recovery)) continue;
          const bool mixed =
              container_at(c.component, c).empty() != container_at(*other.component, c).empty();
          const auto own = clients_of(f), others = clients_of(other.facts);
          const std::string container = container_of(cluster_of(c));
          auto found = draft(mixed || own == 0 ? Severity::warning : Severity::info, f, c);
          if (!container.empty()) found.arg("stop", Words{"docker", "stop", container});
          if (!container.empty()) found.arg("container", container);
          return found.arg("databases", names)
              .arg("other", other.component->name)
              .arg("clients", own)
              .arg("other_clients", others)
              .arg("other_psql", psql(other.facts, {c.document, *other.component, c.thresholds}))
              .because(theirs->evidence);
        }
        return silent();
      },
      f.databases, f.in_recovery);
}

}  // namespace postflight::rules::postgres_rules
