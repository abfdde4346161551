// SPDX-License-Identifier: Apache-2.0
// What the parts of the family share. Pure; included by postgres*.cpp of this folder only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/postgres.h"
#include "rules/commands.h"
#include "rules/family.h"

namespace postflight::rules::postgres_rules {

/// The cluster of the component at hand; null where the topology does not name it.
const PostgresCluster* cluster_of(const JudgeContext& context);

/// The first 12 digits of the id of its container; empty where it runs in none.
std::string container_of(const PostgresCluster* cluster);

/// The unit that starts it: postgresql@15-main, or that of its processes; empty where it is not
/// known.
std::string unit_of(const PostgresCluster* cluster);

/// `words`, carried out in the cluster's container where it runs in one.
Words in_place(const JudgeContext& context, Words words);

/// The first words of a question to the server as its superuser.
Words psql(const PostgresFacts& f, const JudgeContext& context);

/// A finding with {psql}, and {restart} where it is known how.
FindingDraft draft(Severity severity, const PostgresFacts& f, const JudgeContext& context);

/// The setting of that name; null where it was not seen.
const PostgresSetting* setting(const std::vector<PostgresSetting>& settings, std::string_view name);

/// Calls rule(const PostgresSetting&) where the server told the setting; where it told the others
/// but not this one, it cannot be decided.
template <class Rule>
Verdicts judge_setting(const PostgresFacts& f, std::string_view name, Rule&& rule) {
  return judge_from(
      [&](const std::vector<PostgresSetting>& settings) -> Verdicts {
        const PostgresSetting* one = setting(settings, name);
        if (!one) return Unknown{Why::denied, "the server does not show " + std::string(name)};
        return rule(*one);
      },
      f.settings);
}

/// "/etc/postgresql/15/main/postgresql.conf:42", "the command line", …
std::string place_of(const PostgresSetting& one);

/// An address block, IPv4 or IPv6.
struct Block {
  std::vector<std::uint8_t> bytes;  ///< 4 or 16.
  int bits = 0;

  bool covers(const Block& other) const;
  bool is_everything() const { return bits == 0; }
  bool is_loopback() const;
};

/// "172.18.0.0/16", or an address and a mask in two texts as pg_hba_file_rules gives them. Nothing
/// where it is no numeric address. Pure.
std::optional<Block> parse_block(std::string_view address, std::string_view netmask = {});

/// True for rules that let clients of the network in, or turn them away.
bool is_for_network(const PostgresHbaRule& rule);

/// Whether clients of all of `block` come under the rule, by its address.
bool is_for(const PostgresHbaRule& rule, const Block& block);

/// True where the rule lets anybody's address in.
bool is_for_everybody(const PostgresHbaRule& rule);

bool has_errors(const std::vector<PostgresHbaRule>& rules);

// postgres_access.cpp
Verdicts hba_file_broken(const PostgresFacts& f, const JudgeContext& c);
Verdicts hba_not_reloaded(const PostgresFacts& f, const JudgeContext& c);
Verdicts container_network_not_admitted(const PostgresFacts& f, const JudgeContext& c);
Verdicts open_to_strangers(const PostgresFacts& f, const JudgeContext& c);
Verdicts md5_password_under_scram(const PostgresFacts& f, const JudgeContext& c);
Verdicts password_expired(const PostgresFacts& f, const JudgeContext& c);
Verdicts listens_too_narrow(const PostgresFacts& f, const JudgeContext& c);

// postgres_sessions.cpp
Verdicts connections_exhausted(const PostgresFacts& f, const JudgeContext& c);
Verdicts idle_in_transaction(const PostgresFacts& f, const JudgeContext& c);
Verdicts sessions_blocked(const PostgresFacts& f, const JudgeContext& c);
Verdicts transaction_very_old(const PostgresFacts& f, const JudgeContext& c);
Verdicts prepared_transaction_forgotten(const PostgresFacts& f, const JudgeContext& c);

// postgres_safety.cpp
Verdicts writes_not_safe(const PostgresFacts& f, const JudgeContext& c);
Verdicts commits_may_be_lost(const PostgresFacts& f, const JudgeContext& c);
Verdicts autovacuum_off(const PostgresFacts& f, const JudgeContext& c);
Verdicts archiving_fails(const PostgresFacts& f, const JudgeContext& c);
Verdicts archiving_goes_nowhere(const PostgresFacts& f, const JudgeContext& c);
Verdicts slot_keeps_wal(const PostgresFacts& f, const JudgeContext& c);
Verdicts replica_cut_off(const PostgresFacts& f, const JudgeContext& c);
Verdicts checksum_failures(const PostgresFacts& f, const JudgeContext& c);
Verdicts checksums_off(const PostgresFacts& f, const JudgeContext& c);
Verdicts wraparound_near(const PostgresFacts& f, const JudgeContext& c);
Verdicts same_cluster_twice(const PostgresFacts& f, const JudgeContext& c);
Verdicts same_database_twice(const PostgresFacts& f, const JudgeContext& c);

}  // namespace postflight::rules::postgres_rules
