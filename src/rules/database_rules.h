// SPDX-License-Identifier: Apache-2.0
// What the files of the family share. Pure; included by database*.cpp of this folder only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "rules/family.h"
#include "rules/psql.h"

namespace postflight::rules::database_rules {

/// So many names stand in a sentence, and so many objects are mended by one command.
inline constexpr std::size_t kNamed = 5;
inline constexpr std::size_t kMended = 50;

/// 1 or 0: chooses between the two texts of {flag|text|other text}.
inline int flag(bool value) {
  return value ? 1 : 0;
}

inline std::string looked_as(const DatabaseFacts& f) {
  const auto* role = f.looked_as.seen();
  return role ? role->value : std::string{};
}

inline Words psql(const DatabaseFacts& f, const JudgeContext& c) {
  return psql_words(c, looked_as(f));
}

inline Words psql(const DatabaseFacts& f, const JudgeContext& c,
                  const std::vector<std::string>& statements) {
  return psql_words(c, looked_as(f), statements);
}

/// Adds {count}, {objects} (the first few names) and {more} (1 where there are further ones).
template <class T, class Name>
FindingDraft with_objects(FindingDraft draft, const std::vector<T>& all, Name&& name) {
  std::vector<std::string> names;
  for (const T& one : all) {
    if (names.size() < kNamed) names.push_back(name(one));
  }
  draft.arg("count", all.size()).arg("objects", names).arg("more", flag(all.size() > kNamed));
  return draft;
}

/// A statement for each of the first objects.
template <class T, class Statement>
std::vector<std::string> statements_for(const std::vector<T>& all, Statement&& statement) {
  std::vector<std::string> out;
  for (const T& one : all) {
    if (out.size() < kMended) out.push_back(statement(one));
  }
  return out;
}

/// Those of `all` for which `wanted` holds.
template <class T, class Wanted>
std::vector<T> those(const std::vector<T>& all, Wanted&& wanted) {
  std::vector<T> out;
  std::ranges::copy_if(all, std::back_inserter(out), wanted);
  return out;
}

// database_integrity.cpp
Verdicts table_unreadable(const DatabaseFacts& f, const JudgeContext& c);
Verdicts sequence_behind(const DatabaseFacts& f, const JudgeContext& c);
Verdicts large_objects_missing(const DatabaseFacts& f, const JudgeContext& c);
Verdicts index_invalid(const DatabaseFacts& f, const JudgeContext& c);
Verdicts constraint_not_valid(const DatabaseFacts& f, const JudgeContext& c);
Verdicts view_not_populated(const DatabaseFacts& f, const JudgeContext& c);
Verdicts trigger_disabled(const DatabaseFacts& f, const JudgeContext& c);

// database_collation.cpp
Verdicts index_order_broken(const DatabaseFacts& f, const JudgeContext& c);
Verdicts collation_changed(const DatabaseFacts& f, const JudgeContext& c);

// database_access.cpp
Verdicts role_locked_out(const DatabaseFacts& f, const JudgeContext& c);
Verdicts role_sees_nothing(const DatabaseFacts& f, const JudgeContext& c);
Verdicts role_cannot_write(const DatabaseFacts& f, const JudgeContext& c);
Verdicts search_path_misses_tables(const DatabaseFacts& f, const JudgeContext& c);
Verdicts cannot_create_tables(const DatabaseFacts& f, const JudgeContext& c);

}  // namespace postflight::rules::database_rules
