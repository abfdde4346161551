// SPDX-License-Identifier: Apache-2.0
// Judges whether indexes on text still stand in the order in which the server searches them. Pure.
// Source: PostgreSQL manual, "Collation Support", "ALTER COLLATION", "REINDEX".
#include <fmt/format.h>

#include "rules/database_rules.h"

namespace postflight::rules::database_rules {
namespace {

std::string index_name(const CollatedIndex& index) {
  return index.index;
}

bool is_broken(const CollatedIndex& index) {
  return index.order == IndexOrder::broken;
}

std::string rebuild(const CollatedIndex& index) {
  return "REINDEX INDEX CONCURRENTLY " + index.index;
}

/// REFRESH COLLATION VERSION refuses where no version was recorded, or none is left.
bool can_be_refreshed(const ChangedCollation& one) {
  return one.state == CollationState::changed && !one.recorded.empty() && !one.actual.empty();
}

std::string quoted_identifier(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

/// Says that the indexes fit the new version; only true once they were built anew.
std::vector<std::string> refreshes(const std::vector<ChangedCollation>& changed,
                                   const JudgeContext& c) {
  std::vector<std::string> out;
  for (const ChangedCollation& one : changed) {
    if (!can_be_refreshed(one)) continue;
    out.push_back(one.name == "default"
                      ? fmt::format("ALTER DATABASE {} REFRESH COLLATION VERSION",
                                    quoted_identifier(database_of(c)))
                      : fmt::format("ALTER COLLATION {} REFRESH VERSION", one.name));
  }
  return out;
}

FindingDraft with_refresh(FindingDraft found, const std::vector<ChangedCollation>& changed,
                          const DatabaseFacts& f, const JudgeContext& c) {
  const auto statements = refreshes(changed, c);
  if (!statements.empty()) found.arg("refresh", psql(f, c, statements));
  return found;
}

}  // namespace

Verdicts index_order_broken(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<CollatedIndex>& indexes,
          const std::vector<ChangedCollation>& changed) -> Verdicts {
        const auto broken = those(indexes, is_broken);
        if (broken.empty()) return silent();
        std::uint64_t misordered = 0, duplicates = 0;
        for (const CollatedIndex& index : broken) {
          misordered += index.misordered;
          duplicates += index.duplicates;
        }
        const auto doubled = those(broken, [](const CollatedIndex& i) { return i.duplicates > 0; });
        FindingDraft found =
            with_objects(FindingDraft{Severity::critical}, broken, index_name)
                .arg("misordered", misordered)
                .arg("duplicates", duplicates)
                .arg("doubled", flag(!doubled.empty()))
                .arg("recorded", changed.empty() || changed.front().recorded.empty()
                                     ? "?"
                                     : changed.front().recorded)
                .arg("known", flag(!changed.empty() && !changed.front().recorded.empty()))
                .arg("actual", changed.empty() ? "" : changed.front().actual)
                .arg("rebuild", psql(f, c, statements_for(broken, rebuild)));
        if (!doubled.empty()) {
          found.arg("show_doubled", psql(f, c,
                                         {"SELECT pg_get_indexdef(" +
                                          sql_literal(doubled.front().index) + "::regclass)"}));
        }
        return with_refresh(std::move(found), changed, f, c);
      },
      f.collated_indexes, f.changed_collations);
}

Verdicts collation_changed(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<CollatedIndex>& indexes,
          const std::vector<ChangedCollation>& all) -> Verdicts {
        const auto changed = those(all, [](const ChangedCollation& one) {
          return one.state != CollationState::untracked;
        });
        if (changed.empty() || std::ranges::any_of(indexes, is_broken)) return silent();
        const auto unseen = those(indexes, [](const CollatedIndex& index) {
          return index.order == IndexOrder::not_examined;
        });
        const ChangedCollation& first = changed.front();
        const Severity severity = unseen.empty() ? Severity::info : Severity::warning;
        FindingDraft found = with_objects(FindingDraft{severity}, unseen, index_name)
                                 .arg("collation", first.name)
                                 .arg("recorded", first.recorded)
                                 .arg("actual", first.actual)
                                 .arg("known", flag(!first.recorded.empty()))
                                 .arg("vanished", flag(first.actual.empty()))
                                 .arg("held", indexes.size() - unseen.size())
                                 .arg("unseen", flag(!unseen.empty()));
        if (!unseen.empty()) found.arg("rebuild", psql(f, c, statements_for(unseen, rebuild)));
        return with_refresh(std::move(found), changed, f, c);
      },
      f.collated_indexes, f.changed_collations);
}

}  // namespace postflight::rules::database_rules
