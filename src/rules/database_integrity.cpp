// SPDX-License-Identifier: Apache-2.0
// Judges whether the rows of a database are all there and kept right: tables, sequences, indexes,
// constraints, triggers. Pure. Source: PostgreSQL manual, "Sequence Manipulation Functions",
// "CREATE INDEX", "ALTER TABLE", "REFRESH MATERIALIZED VIEW".
#include <fmt/format.h>

#include <map>

#include "rules/database_rules.h"

namespace postflight::rules::database_rules {
namespace {

constexpr std::int64_t kSoon = 10'000;  // increments until the first value that is taken

std::string object_of(const ObjectFault& fault) {
  return fault.object;
}

/// Increments until a row has the value that the sequence gives.
std::int64_t steps_to_collision(const SequenceBehind& s) {
  std::int64_t distance = 0;
  if (s.increment == 0 || __builtin_sub_overflow(s.first_taken, s.next_value, &distance)) return 0;
  return distance / s.increment;
}

/// One row far ahead may have been put there on purpose; then nothing happens for a long time.
bool will_collide(const SequenceBehind& s) {
  return s.all_ahead || steps_to_collision(s) <= kSoon;
}

bool fails_now(const SequenceBehind& s) {
  return s.unique_column && steps_to_collision(s) <= 0;
}

/// setval() to the furthest value of all columns that a sequence fills.
std::string set_sequences(const std::vector<SequenceBehind>& behind) {
  std::map<std::string, std::vector<const SequenceBehind*>> by_name;
  for (const SequenceBehind& one : behind) {
    if (by_name.size() < kMended || by_name.contains(one.sequence)) {
      by_name[one.sequence].push_back(&one);
    }
  }
  std::string sql;
  for (const auto& [name, columns] : by_name) {
    const bool up = columns.front()->increment > 0;
    std::string furthest;
    for (const SequenceBehind* one : columns) {
      furthest += fmt::format("{}(SELECT {}({}) FROM {})", furthest.empty() ? "" : ", ",
                              up ? "max" : "min", one->column, one->table);
    }
    if (columns.size() > 1) furthest = fmt::format("{}({})", up ? "greatest" : "least", furthest);
    sql += fmt::format("{}setval({}, {})", sql.empty() ? "" : ", ", sql_literal(name), furthest);
  }
  return "SELECT " + sql;
}

/// What REINDEX CONCURRENTLY leaves behind when it fails: the old index is there and valid.
bool is_leftover(const BadIndex& index) {
  const auto at = index.index.rfind("_cc");
  if (at == std::string::npos) return false;
  const std::string_view tail = std::string_view(index.index).substr(at);
  return tail.starts_with("_ccnew") || tail.starts_with("_ccold");
}

std::string index_name(const BadIndex& index) {
  return index.index;
}

FindingDraft with_index_commands(FindingDraft found, const std::vector<BadIndex>& bad,
                                 const DatabaseFacts& f, const JudgeContext& c) {
  const auto plain =
      those(bad, [](const BadIndex& i) { return !i.unique && !i.partitioned && !is_leftover(i); });
  const auto unique =
      those(bad, [](const BadIndex& i) { return i.unique && !i.partitioned && !is_leftover(i); });
  const auto leftover = those(bad, [](const BadIndex& i) { return is_leftover(i); });
  const auto partitioned = those(bad, [](const BadIndex& i) { return i.partitioned; });
  const auto rebuild = [](const BadIndex& i) { return "REINDEX INDEX CONCURRENTLY " + i.index; };
  const auto drop = [](const BadIndex& i) { return "DROP INDEX CONCURRENTLY " + i.index; };
  if (!plain.empty()) found.arg("rebuild", psql(f, c, statements_for(plain, rebuild)));
  if (!unique.empty() && !unique.front().keys.empty()) {
    const BadIndex& first = unique.front();
    found.arg("find_duplicates",
              psql(f, c,
                   {fmt::format("SELECT {0}, count(*) FROM {1} GROUP BY {0} HAVING count(*) > 1 "
                                "LIMIT 20",
                                first.keys, first.table)}));
  }
  if (!unique.empty()) {
    found.arg("rebuild_unique", psql(f, c, statements_for(unique, rebuild)))
        .arg("drop_unique", psql(f, c, statements_for(unique, drop)));
  }
  if (!leftover.empty()) found.arg("drop_leftover", psql(f, c, statements_for(leftover, drop)));
  if (!partitioned.empty()) found.arg("parent", partitioned.front().index);
  return found;
}

}  // namespace

Verdicts table_unreadable(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<ObjectFault>& unreadable) -> Verdicts {
        if (unreadable.empty()) return silent();
        return with_objects(FindingDraft{Severity::critical}, unreadable, object_of)
            .arg("error", unreadable.front().detail)
            .arg("size", psql(f, c,
                              {fmt::format("SELECT pg_relation_filepath({}::regclass)",
                                           sql_literal(unreadable.front().object))}));
      },
      f.unreadable_tables);
}

Verdicts sequence_behind(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<SequenceBehind>& all,
          const std::vector<NotExamined>& unseen) -> Verdicts {
        std::vector<SequenceBehind> behind = those(all, will_collide);
        if (behind.empty() && !unseen.empty()) {
          return Unknown{Why::unsupported,
                         fmt::format("{}: {}", unseen.front().object, unseen.front().why)};
        }
        if (behind.empty()) return silent();
        std::ranges::stable_partition(behind, fails_now);
        const SequenceBehind& first = behind.front();
        const bool fails = fails_now(first);
        return with_objects(FindingDraft{fails ? Severity::critical : Severity::warning}, behind,
                            [](const SequenceBehind& s) { return s.sequence; })
            .arg("last", first.last_value)
            .arg("next", first.next_value)
            .arg("largest", first.largest_value)
            .arg("first", first.sequence)
            .arg("column", first.table + "." + first.column)
            .arg("fails", flag(fails))
            .arg("unique", flag(first.unique_column))
            .arg("look", psql(f, c,
                              {fmt::format("SELECT last_value, is_called, (SELECT {}({}) FROM {}) "
                                           "AS in_column FROM {}",
                                           first.increment > 0 ? "max" : "min", first.column,
                                           first.table, first.sequence)}))
            .arg("mend", psql(f, c, {set_sequences(behind)}));
      },
      f.sequences_behind, f.sequences_not_examined);
}

Verdicts large_objects_missing(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<MissingLargeObjects>& missing, std::uint64_t there) -> Verdicts {
        if (missing.empty()) return silent();
        const bool certain = std::ranges::any_of(missing, &MissingLargeObjects::certain);
        std::uint64_t total = 0;
        for (const MissingLargeObjects& one : missing) total += one.missing;
        const MissingLargeObjects& first = missing.front();
        return with_objects(FindingDraft{certain ? Severity::critical : Severity::warning}, missing,
                            [](const MissingLargeObjects& m) { return m.table + "." + m.column; })
            .arg("missing", total)
            .arg("there", there)
            .arg("certain", flag(certain))
            .arg("look",
                 psql(f, c,
                      {fmt::format("SELECT t.* FROM {1} t WHERE t.{0} <> 0 AND NOT EXISTS (SELECT "
                                   "FROM pg_largeobject_metadata m WHERE m.oid = t.{0}) LIMIT 10",
                                   first.column, first.table)}));
      },
      f.missing_large_objects, f.large_objects);
}

Verdicts index_invalid(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<BadIndex>& bad) -> Verdicts {
        if (bad.empty()) return silent();
        FindingDraft found = with_objects(FindingDraft{Severity::warning}, bad, index_name)
                                 .arg("table", bad.front().table)
                                 .arg("definition", bad.front().definition)
                                 .arg("written", flag(bad.front().written))
                                 .arg("unique", flag(std::ranges::any_of(bad, &BadIndex::unique)));
        return with_index_commands(std::move(found), bad, f, c);
      },
      f.invalid_indexes);
}

Verdicts constraint_not_valid(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<ObjectFault>& constraints) -> Verdicts {
        if (constraints.empty()) return silent();
        const auto validate = [](const ObjectFault& k) {
          return fmt::format("ALTER {} {} VALIDATE CONSTRAINT {}",
                             k.kind == "domain" ? "DOMAIN" : "TABLE", k.table, k.object);
        };
        const auto list =
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM "
            "pg_constraint WHERE NOT convalidated";
        return with_objects(FindingDraft{Severity::warning}, constraints,
                            [](const ObjectFault& k) { return k.object + " (" + k.table + ")"; })
            .arg("look", psql(f, c, {list}))
            .arg("validate", psql(f, c, statements_for(constraints, validate)));
      },
      f.not_validated_constraints);
}

Verdicts view_not_populated(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& views) -> Verdicts {
        if (views.empty()) return silent();
        const auto refresh = [](const std::string& view) {
          return "REFRESH MATERIALIZED VIEW " + view;
        };
        return with_objects(FindingDraft{Severity::critical}, views,
                            [](const std::string& view) { return view; })
            .arg("refresh", psql(f, c, statements_for(views, refresh)));
      },
      f.unpopulated_views);
}

Verdicts trigger_disabled(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<ObjectFault>& off) -> Verdicts {
        if (off.empty()) return silent();
        const auto enable = [](const ObjectFault& one) -> std::string {
          if (one.kind == "event trigger") {
            return fmt::format("ALTER EVENT TRIGGER {} ENABLE", one.object);
          }
          if (one.kind == "rule") {
            return fmt::format("ALTER TABLE {} ENABLE RULE {}", one.table, one.object);
          }
          if (one.kind == "trigger") {
            return fmt::format("ALTER TABLE {} ENABLE TRIGGER {}", one.table, one.object);
          }
          return fmt::format("ALTER TABLE {} ENABLE TRIGGER ALL", one.table);
        };
        const bool references = std::ranges::any_of(
            off, [](const ObjectFault& one) { return one.kind == "foreign key"; });
        const auto list =
            "SELECT tgrelid::regclass, tgname, tgconstraint <> 0 AS of_constraint "
            "FROM pg_trigger WHERE tgenabled = 'D'";
        return with_objects(FindingDraft{Severity::warning}, off,
                            [](const ObjectFault& one) {
                              return one.table.empty() ? one.object
                                                       : one.object + " (" + one.table + ")";
                            })
            .arg("references", flag(references))
            .arg("look", psql(f, c, {list}))
            .arg("enable", psql(f, c, statements_for(off, enable)));
      },
      f.disabled_triggers);
}

}  // namespace postflight::rules::database_rules
