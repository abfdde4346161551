// SPDX-License-Identifier: Apache-2.0
// Judges a PostgreSQL cluster: does it run, will it run again after a reboot, is what its files say
// in force. Pure. Source: the PostgreSQL manual, "Server Configuration"; pg_ctlcluster(1).
#include <array>

#include "rules/postgres_rules.h"

namespace postflight::rules {
namespace {

using namespace postgres_rules;

constexpr const char* kStartingUp = "57P03";

/// Commands to the unit and files of a cluster that is known by Debian's name.
FindingDraft with_unit(FindingDraft found, const JudgeContext& c) {
  const PostgresCluster* cluster = cluster_of(c);
  const std::string unit = postgres_rules::unit_of(cluster);
  if (!unit.empty()) found.arg("unit", unit);
  if (cluster && !cluster->debian_name.empty()) {
    std::string name = cluster->debian_name;
    for (char& one : name) one = one == '/' ? '-' : one;
    found.arg("log", "/var/log/postgresql/postgresql-" + name + ".log")
        .arg("start_conf", "/etc/postgresql/" + cluster->debian_name + "/start.conf");
  }
  return found;
}

/// One that nothing starts may be switched off on purpose.
Verdicts not_running(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool answers) -> Verdicts {
        if (answers) return silent();
        const auto* mode = f.start_mode.seen();
        const bool automatic = mode && mode->value == "auto";
        if (mode && !automatic) return silent();
        if (f.enabled.unknown()) return *f.enabled.unknown();
        const auto* enabled = f.enabled.seen();
        // Without systemd start.conf alone decides; of a stopped container another probe speaks.
        if (enabled ? !enabled->value && !automatic : !automatic) return silent();
        auto found = with_unit(FindingDraft{Severity::critical}, c)
                         .arg("data", shown(f.data_directory))
                         .arg("port", shown(f.port));
        if (mode) found.because(mode->evidence);
        if (enabled) found.because(enabled->evidence);
        return found;
      },
      f.answers);
}

/// What the server said when it let nobody in: as long as it recovers, nothing else is known.
Verdicts starting_up(const PostgresFacts& f, const JudgeContext& c) {
  return f.refusal.visit(
      [&](const Seen<std::string>& refused) -> Verdicts {
        if (refused.value != kStartingUp) return silent();
        return with_unit(draft(Severity::critical, f, c), c)
            .arg("said", refused.evidence.excerpt)
            .because(refused.evidence);
      },
      [](const Absent&) { return silent(); },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

Verdicts not_started_at_boot(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool answers, bool enabled) -> Verdicts {
        if (!answers || enabled) return silent();
        const auto* mode = f.start_mode.seen();
        const bool by_file = mode && mode->value != "auto";
        auto found = with_unit(FindingDraft{Severity::warning}, c)
                         .arg("by_file", by_file ? 1 : 0)
                         .arg("mode", mode ? Json(mode->value) : Json(""));
        const PostgresCluster* cluster = cluster_of(c);
        const bool debian = cluster && !cluster->debian_name.empty();
        if (by_file) {
          found.arg("edit",
                    "/etc/postgresql/" + (debian ? cluster->debian_name : "") + "/start.conf");
        } else if (const std::string unit = postgres_rules::unit_of(cluster); !unit.empty()) {
          found.arg("enable", debian ? "postgresql" : unit);
        }
        if (mode) found.because(mode->evidence);
        return found;
      },
      f.answers, f.enabled);
}

Verdicts config_file_broken(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresFileError>& errors) -> Verdicts {
        if (errors.empty()) return silent();
        const PostgresFileError& first = errors.front();
        return draft(Severity::warning, f, c)
            .arg("file", first.file)
            .arg("line", first.line)
            .arg("error", first.error)
            .arg("count", errors.size())
            .arg("show", in_place(c, {"sed", "-n", std::to_string(first.line) + "p", first.file}));
      },
      f.config_errors);
}

Verdicts restart_pending(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresPendingSetting>& pending) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresPendingSetting& one : pending) {
          auto found = draft(Severity::warning, f, c)
                           .arg("setting", one.name)
                           .arg("running", one.running)
                           .arg("wanted", one.wanted.empty() ? Json("?") : Json(one.wanted))
                           .arg("file", one.file)
                           .arg("line", one.line)
                           .about(one.name);
          verdicts.findings.push_back(std::move(found));
        }
        return verdicts;
      },
      f.pending_settings);
}

/// Errors in the files, or a restart they wait for, are findings of their own.
Verdicts config_not_reloaded(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool changed, const std::vector<PostgresFileError>& errors) -> Verdicts {
        if (!changed || !errors.empty()) return silent();
        return draft(Severity::info, f, c)
            .arg("file", shown(f.config_file))
            .because(f.config_changed_since_load.seen()->evidence);
      },
      f.config_changed_since_load, f.config_errors);
}

std::vector<TestDraft> answers_test(const PostgresFacts& f, const JudgeContext&) {
  TestDraft test;
  f.answers.visit(
      [&](const Seen<bool>& seen) {
        test.status = seen.value ? TestStatus::pass : TestStatus::fail;
        test.evidence = {seen.evidence};
      },
      [&](const Absent&) {}, [&](const Unknown& unknown) { test.reason = unknown; });
  if (const auto* took = f.answer_seconds.seen()) test.duration_seconds = took->value;
  return {test};
}

using PostgresRule = Rule<PostgresFacts>;

struct PostgresRules {
  static constexpr std::array rules{
      PostgresRule{"postgres/not-running", &not_running},
      PostgresRule{"postgres/starting-up", &starting_up},
      PostgresRule{"postgres/connections-exhausted", &connections_exhausted},
      PostgresRule{"postgres/listens-too-narrow", &listens_too_narrow},
      PostgresRule{"postgres/container-network-not-admitted", &container_network_not_admitted},
      PostgresRule{"postgres/hba-file-broken", &hba_file_broken},
      PostgresRule{"postgres/hba-not-reloaded", &hba_not_reloaded},
      PostgresRule{"postgres/md5-password-under-scram", &md5_password_under_scram},
      PostgresRule{"postgres/password-expired", &password_expired},
      PostgresRule{"postgres/open-to-strangers", &open_to_strangers},
      PostgresRule{"postgres/writes-not-safe", &writes_not_safe},
      PostgresRule{"postgres/commits-may-be-lost", &commits_may_be_lost},
      PostgresRule{"postgres/autovacuum-off", &autovacuum_off},
      PostgresRule{"postgres/idle-in-transaction", &idle_in_transaction},
      PostgresRule{"postgres/sessions-blocked", &sessions_blocked},
      PostgresRule{"postgres/transaction-very-old", &transaction_very_old},
      PostgresRule{"postgres/prepared-transaction-forgotten", &prepared_transaction_forgotten},
      PostgresRule{"postgres/restart-pending", &restart_pending},
      PostgresRule{"postgres/config-file-broken", &config_file_broken},
      PostgresRule{"postgres/config-not-reloaded", &config_not_reloaded},
      PostgresRule{"postgres/not-started-at-boot", &not_started_at_boot},
      PostgresRule{"postgres/archiving-fails", &archiving_fails},
      PostgresRule{"postgres/archiving-goes-nowhere", &archiving_goes_nowhere},
      PostgresRule{"postgres/slot-keeps-wal", &slot_keeps_wal},
      PostgresRule{"postgres/replica-cut-off", &replica_cut_off},
      PostgresRule{"postgres/checksum-failures", &checksum_failures},
      PostgresRule{"postgres/checksums-off", &checksums_off},
      PostgresRule{"postgres/wraparound-near", &wraparound_near},
      PostgresRule{"postgres/same-cluster-twice", &same_cluster_twice},
      PostgresRule{"postgres/same-database-twice", &same_database_twice},
  };
  static constexpr std::array tests{
      FunctionalTest<PostgresFacts>{"postgres/answers", &answers_test}};
  static constexpr std::array explains{
      Explains{"postgres/open-to-strangers", "sockets/data-service-exposed"},
      Explains{"postgres/idle-in-transaction", "postgres/sessions-blocked"},
      Explains{"postgres/transaction-very-old", "postgres/sessions-blocked"},
  };
};

}  // namespace

extern const RuleFamily postgres;
const RuleFamily postgres = define_family<PostgresFacts, PostgresRules>("postgres", "postgres");

}  // namespace postflight::rules
