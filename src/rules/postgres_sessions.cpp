// SPDX-License-Identifier: Apache-2.0
// Judges what sessions do to each other. Source: the manual, "Explicit Locking", "Client Connection
// Defaults", pg_stat_activity.
#include <algorithm>
#include <map>

#include "rules/postgres_rules.h"

namespace postflight::rules::postgres_rules {
namespace {

constexpr double kNoticeableSeconds = 1.0;  // nobody can read the table for as long
constexpr double kWaitSeconds = 5.0;        // an application may ask another service meanwhile
constexpr double kBlockedSeconds = 10.0;
constexpr const char* kTooManyConnections = "53300";

/// Who has most connections: application and role together.
struct Holder {
  std::string application;
  std::string role;
  std::uint32_t connections = 0;
};

Holder largest_holder(const std::vector<PostgresClients>& clients) {
  std::map<std::pair<std::string, std::string>, std::uint32_t> sums;
  for (const PostgresClients& one : clients) sums[{one.application, one.role}] += one.connections;
  Holder largest;
  for (const auto& [who, count] : sums) {
    if (count > largest.connections) largest = {who.first, who.second, count};
  }
  return largest;
}

bool is_idle_in_transaction(const PostgresSession& one) {
  return one.state.starts_with("idle in transaction");
}

bool holds_exclusively(const PostgresSession& one) {
  return one.lock.starts_with("ACCESS EXCLUSIVE");
}

FindingDraft about(FindingDraft found, const PostgresSession& one) {
  found.about("pid " + std::to_string(one.pid))
      .arg("pid", one.pid)
      .arg("application", one.application)
      .arg("role", one.role)
      .arg("database", one.database)
      .arg("client", one.client)
      .arg("state_for", one.state_seconds)
      .arg("open_for", one.transaction_seconds)
      .arg("blocks", one.blocks)
      .arg("blocking", one.blocks > 0 ? 1 : 0)
      .arg("lock", one.lock)
      .arg("locked", one.lock.empty() ? 0 : 1);
  return found;
}

const PostgresSession* session_of(const PostgresFacts& f, std::int32_t pid) {
  const auto* sessions = f.transactions.seen();
  if (!sessions) return nullptr;
  const auto it = std::ranges::find(sessions->value, pid, &PostgresSession::pid);
  return it == sessions->value.end() ? nullptr : &*it;
}

}  // namespace

Verdicts connections_exhausted(const PostgresFacts& f, const JudgeContext& c) {
  const auto* refused = f.refusal.seen();
  if (refused && refused->value == kTooManyConnections) {
    return draft(Severity::critical, f, c)
        .arg("used", Json())
        .arg("usable", Json())
        .arg("refused", 1)
        .arg("application", Json())
        .arg("role", Json())
        .arg("held", Json())
        .because(refused->evidence);
  }
  return judge_from(
      [&](std::uint32_t used, std::uint32_t limit, std::uint32_t reserved,
          const std::vector<PostgresClients>& clients) -> Verdicts {
        const std::uint32_t usable = limit > reserved ? limit - reserved : limit;
        const double ratio = static_cast<double>(used) / std::max(usable, 1U);
        if (ratio < c.thresholds.postgres_connections_warning_ratio) return silent();
        const Holder holder = largest_holder(clients);
        return draft(used >= usable ? Severity::critical : Severity::warning, f, c)
            .arg("used", used)
            .arg("usable", usable)
            .arg("refused", used >= usable ? 1 : 0)
            .arg("application", holder.application.empty() ? "?" : holder.application)
            .arg("role", holder.role)
            .arg("held", holder.connections);
      },
      f.connections_used, f.connections_limit, f.connections_reserved, f.clients);
}

/// Soon where it holds others up: they wait for no statement, only for its client.
Verdicts idle_in_transaction(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresSession>& sessions) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresSession& one : sessions) {
          if (!is_idle_in_transaction(one)) continue;
          const double limit = holds_exclusively(one) ? kNoticeableSeconds
                               : one.blocks > 0       ? kWaitSeconds
                                                : c.thresholds.postgres_idle_transaction_seconds;
          if (one.state_seconds < limit) continue;
          const bool lasts = one.blocks > 0 && one.state_seconds >= kBlockedSeconds;
          const Severity severity = lasts ? Severity::critical : Severity::warning;
          verdicts.findings.push_back(about(draft(severity, f, c), one));
        }
        return verdicts;
      },
      f.transactions);
}

/// Sessions that wait for one idle in its transaction are that one's symptom.
Verdicts sessions_blocked(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresBlocked>& blocked) -> Verdicts {
        std::map<std::int32_t, std::vector<PostgresBlocked>> by_blocker;
        for (const PostgresBlocked& one : blocked) by_blocker[one.blocked_by].push_back(one);
        Verdicts verdicts;
        for (const auto& [pid, waiting] : by_blocker) {
          const double longest =
              std::ranges::max_element(waiting, {}, &PostgresBlocked::waiting_seconds)
                  ->waiting_seconds;
          const bool itself_waits =
              std::ranges::find(blocked, pid, &PostgresBlocked::pid) != blocked.end();
          const PostgresSession* blocker = session_of(f, pid);
          if (longest < kBlockedSeconds || itself_waits) continue;
          if (blocker && is_idle_in_transaction(*blocker)) continue;
          verdicts.findings.push_back(
              draft(Severity::warning, f, c)
                  .arg("pid", pid)
                  .arg("waiting", waiting.size())
                  .arg("longest", longest)
                  .arg("database", waiting.front().database)
                  .arg("prepared", pid == 0 ? 1 : 0)
                  .arg("application", blocker ? Json(blocker->application) : Json(""))
                  .arg("role", blocker ? Json(blocker->role) : Json(""))
                  .about("pid " + std::to_string(pid)));
        }
        return verdicts;
      },
      f.blocked_sessions);
}

Verdicts transaction_very_old(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresSession>& sessions) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresSession& one : sessions) {
          if (is_idle_in_transaction(one)) continue;  // another rule's
          if (one.transaction_seconds < c.thresholds.postgres_transaction_seconds) continue;
          verdicts.findings.push_back(about(draft(Severity::warning, f, c), one));
        }
        return verdicts;
      },
      f.transactions);
}

Verdicts prepared_transaction_forgotten(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresPrepared>& prepared) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresPrepared& one : prepared) {
          if (one.age_seconds < c.thresholds.postgres_prepared_transaction_seconds) continue;
          verdicts.findings.push_back(draft(Severity::warning, f, c)
                                          .arg("gid", one.name)
                                          .arg("age", one.age_seconds)
                                          .arg("role", one.owner)
                                          .arg("database", one.database)
                                          .about(one.name));
        }
        return verdicts;
      },
      f.prepared_transactions);
}

}  // namespace postflight::rules::postgres_rules
