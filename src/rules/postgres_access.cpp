// SPDX-License-Identifier: Apache-2.0
// Judges who can reach a cluster and who is let in. Source: the manual, "Client Authentication",
// "Connections and Authentication".
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "rules/postgres_rules.h"

namespace postflight::rules::postgres_rules {
namespace {

/// "host all all 172.18.0.0/16 scram-sha-256" as it may stand in the file.
std::string line_of(const PostgresHbaRule& rule) {
  std::string databases, users;
  for (const auto& one : rule.databases) databases += (databases.empty() ? "" : ",") + one;
  for (const auto& one : rule.users) users += (users.empty() ? "" : ",") + one;
  const auto block = parse_block(rule.address, rule.netmask);
  const std::string address = block && !rule.netmask.empty()
                                  ? fmt::format("{}/{}", rule.address, block->bits)
                                  : rule.address;
  return fmt::format("{} {} {} {} {}", rule.type, databases, users, address, rule.method);
}

FindingDraft with_hba(FindingDraft found, const PostgresFacts& f, const JudgeContext& c) {
  const auto* file = f.hba_file.seen();
  found.arg("hba", shown(f.hba_file));
  if (file) found.arg("show_hba", in_place(c, {"grep", "-nvE", "^[[:space:]]*(#|$)", file->value}));
  return found;
}

/// Networks on which containers run now.
std::vector<PostgresNetwork> populated(const std::vector<PostgresNetwork>& networks) {
  std::vector<PostgresNetwork> out;
  std::ranges::copy_if(networks, std::back_inserter(out),
                       [](const PostgresNetwork& one) { return one.members > 0; });
  return out;
}

/// The first rule, in the order of the file, under which all of a subnet comes; the server, too,
/// takes the first that fits.
const PostgresHbaRule* rule_for(const std::vector<PostgresHbaRule>& rules,
                                const std::string& subnet) {
  const auto block = parse_block(subnet);
  if (!block) return nullptr;
  const auto it = std::ranges::find_if(
      rules, [&](const PostgresHbaRule& rule) { return is_for(rule, *block); });
  return it == rules.end() ? nullptr : &*it;
}

/// Parts of a subnet that rules name, such as a single container's address.
bool names_part_of(const std::vector<PostgresHbaRule>& rules, const std::string& subnet) {
  const auto block = parse_block(subnet);
  return block && std::ranges::any_of(rules, [&](const PostgresHbaRule& rule) {
           const auto own = parse_block(rule.address, rule.netmask);
           return is_for_network(rule) && own && block->covers(*own);
         });
}

/// Ranges out of which Docker and Podman make their networks.
bool is_container_range(const Block& block) {
  for (const char* range : {"172.16.0.0/12", "192.168.0.0/16", "10.88.0.0/16", "10.89.0.0/16"}) {
    const auto outer = parse_block(range);
    if (outer && outer->covers(block)) return true;
  }
  return false;
}

/// A rule that somebody wrote for a network of containers.
const PostgresHbaRule* rule_for_containers(const std::vector<PostgresHbaRule>& rules) {
  const auto it = std::ranges::find_if(rules, [](const PostgresHbaRule& rule) {
    const auto own = parse_block(rule.address, rule.netmask);
    const bool is_subnet = own && own->bits >= 12 && own->bits <= 24;
    return is_for_network(rule) && rule.method != "reject" && is_subnet && is_container_range(*own);
  });
  return it == rules.end() ? nullptr : &*it;
}

bool is_loopback(const std::string& address) {
  const auto block = parse_block(address);
  return block && block->is_loopback();
}

bool is_wildcard(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

bool reaches(const std::vector<std::string>& bound, const std::string& address) {
  return std::ranges::any_of(
      bound, [&](const std::string& one) { return is_wildcard(one) || one == address; });
}

/// Addresses that listen_addresses names by number and where nobody listens.
std::vector<std::string> not_bound(const std::string& setting,
                                   const std::vector<std::string>& bound) {
  std::vector<std::string> missing;
  for (const auto part : split(setting, ',')) {
    const std::string address(trim(part));
    const auto block = parse_block(address);
    if (block && block->is_everything()) continue;
    if (block && !is_wildcard(address) && !reaches(bound, address)) missing.push_back(address);
  }
  return missing;
}

/// Gateways of populated networks that pg_hba.conf lets in and where nobody listens.
std::vector<PostgresNetwork> cut_off(const std::vector<PostgresNetwork>& networks,
                                     const std::vector<PostgresHbaRule>& rules,
                                     const std::vector<std::string>& bound) {
  std::vector<PostgresNetwork> out;
  const bool only_loopback = std::ranges::all_of(bound, is_loopback);
  if (!only_loopback) return out;
  for (const PostgresNetwork& one : populated(networks)) {
    const PostgresHbaRule* rule = rule_for(rules, one.subnet);
    const bool meant =
        rule && !is_for_everybody(*rule) && rule->method != "reject" && rule->address != "samenet";
    if (meant) out.push_back(one);
  }
  return out;
}

/// True where clients from other machines can reach the port as far as addresses tell.
bool listens_outside(const JudgeContext& c) {
  const Service* service = service_of(c);
  return service && std::ranges::any_of(service->listeners, [](const Listener& one) {
           return one.exposure == Exposure::wildcard || one.exposure == Exposure::global ||
                  one.exposure == Exposure::local;
         });
}

bool demands_tls(const PostgresHbaRule& rule) {
  return rule.type == "hostssl" || rule.type == "hostgssenc";
}

std::optional<Severity> danger_of(const PostgresHbaRule& rule) {
  if (rule.method == "reject") return std::nullopt;
  if (rule.method == "trust") return Severity::critical;
  if (demands_tls(rule)) return std::nullopt;
  return Severity::warning;
}

bool names(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end() ||
         std::ranges::find(list, "all") != list.end();
}

bool names_it(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

/// A role that owns a database is some application's.
bool is_in_use(const PostgresFacts& f, const std::string& role) {
  const auto* roles = f.roles.seen();
  return roles && std::ranges::any_of(roles->value, [&](const PostgresRole& one) {
           return one.name == role && one.owns_database;
         });
}

/// A rule that lets the role in over the network by this method; one that names the role before one
/// for all.
const PostgresHbaRule* network_rule(const std::vector<PostgresHbaRule>& rules,
                                    const std::string& role, const std::string& method) {
  const PostgresHbaRule* found = nullptr;
  for (const PostgresHbaRule& rule : rules) {
    if (!is_for_network(rule) || rule.method != method || !names(rule.users, role)) continue;
    if (names_it(rule.users, role)) return &rule;
    if (!found) found = &rule;
  }
  return found;
}

}  // namespace

Verdicts hba_file_broken(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresHbaRule>& rules) -> Verdicts {
        if (!has_errors(rules)) return silent();
        const auto first = std::ranges::find_if(
            rules, [](const PostgresHbaRule& one) { return !one.error.empty(); });
        const auto count = std::ranges::count_if(
            rules, [](const PostgresHbaRule& one) { return !one.error.empty(); });
        return with_hba(draft(Severity::warning, f, c), f, c)
            .arg("line", first->line)
            .arg("error", first->error)
            .arg("lines", count);
      },
      f.hba_rules);
}

/// A file in error is not loaded at all; that is another finding.
Verdicts hba_not_reloaded(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool changed) -> Verdicts {
        const auto* rules = f.hba_rules.seen();
        if (!changed || (rules && has_errors(rules->value))) return silent();
        return with_hba(draft(Severity::warning, f, c), f, c);
      },
      f.hba_changed_since_load);
}

Verdicts container_network_not_admitted(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresHbaRule>& rules,
          const std::vector<PostgresNetwork>& networks) -> Verdicts {
        const PostgresHbaRule* other = rule_for_containers(rules);
        const auto* bound = f.bound_addresses.seen();
        // Where only this machine reaches it, nobody expects containers.
        const bool out_of_reach = bound && std::ranges::all_of(bound->value, is_loopback);
        if (!other || has_errors(rules) || out_of_reach) return silent();
        std::vector<PostgresNetwork> missing;
        bool some_admitted = false;
        for (const PostgresNetwork& one : populated(networks)) {
          const PostgresHbaRule* rule = rule_for(rules, one.subnet);
          const bool admitted =
              (rule && rule->method != "reject") || (!rule && names_part_of(rules, one.subnet));
          some_admitted = some_admitted || admitted;
          if (!admitted) missing.push_back(one);
        }
        Verdicts verdicts;
        for (const PostgresNetwork& one : missing) {
          if (one.subnet.find(':') != std::string::npos) continue;  // v6 beside v4 of one network
          PostgresHbaRule proposed = *other;
          proposed.address = one.subnet;
          proposed.netmask.clear();
          // Where other containers are let in, this network may be left out on purpose.
          verdicts.findings.push_back(
              with_hba(draft(some_admitted ? Severity::info : Severity::warning, f, c), f, c)
                  .arg("subnet", one.subnet)
                  .arg("interface", one.interface)
                  .arg("members", one.members)
                  .arg("other", line_of(*other))
                  .arg("others", some_admitted ? 1 : 0)
                  .arg("proposed", line_of(proposed))
                  .about(one.subnet));
        }
        return verdicts;
      },
      f.hba_rules, f.container_networks);
}

Verdicts open_to_strangers(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresHbaRule>& rules,
          const std::vector<std::string>& bound) -> Verdicts {
        if (!listens_outside(c)) return silent();
        std::optional<Severity> worst;
        const PostgresHbaRule* which = nullptr;
        for (const PostgresHbaRule& rule : rules) {
          if (!is_for_everybody(rule)) continue;
          if (rule.method == "reject" && names(rule.users, "all") && names(rule.databases, "all")) {
            break;  // what stands below it is never reached
          }
          const auto danger = danger_of(rule);
          if (!danger || (worst && *worst == Severity::critical)) continue;
          if (!worst || *danger == Severity::critical) which = &rule;
          worst = danger;
        }
        if (!which) return silent();
        return with_hba(draft(*worst, f, c), f, c)
            .arg("line", which->line)
            .arg("rule", line_of(*which))
            .arg("trust", which->method == "trust" ? 1 : 0)
            .arg("addresses", bound);
      },
      f.hba_rules, f.bound_addresses);
}

/// SCRAM cannot be computed from an md5 hash: the server refuses whatever password comes. The other
/// way round, a rule "md5" takes both.
Verdicts md5_password_under_scram(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresVerifier>& verifiers,
          const std::vector<PostgresHbaRule>& rules) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresVerifier& one : verifiers) {
          if (one.kind != "md5") continue;
          const PostgresHbaRule* scram = network_rule(rules, one.role, "scram-sha-256");
          if (!scram || network_rule(rules, one.role, "md5")) continue;
          const bool used = is_in_use(f, one.role) || names_it(scram->users, one.role);
          verdicts.findings.push_back(
              with_hba(draft(used ? Severity::critical : Severity::warning, f, c), f, c)
                  .arg("role", one.role)
                  .arg("line", scram->line)
                  .arg("rule", line_of(*scram))
                  .about(one.role));
        }
        return verdicts;
      },
      f.verifiers, f.hba_rules);
}

/// An account that nobody uses may have been switched off that way.
Verdicts password_expired(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PostgresRole>& roles) -> Verdicts {
        Verdicts verdicts;
        for (const PostgresRole& one : roles) {
          if (!one.expired || !one.can_login || (one.sessions == 0 && !one.owns_database)) continue;
          verdicts.findings.push_back(draft(Severity::warning, f, c)
                                          .arg("role", one.name)
                                          .arg("until", one.valid_until)
                                          .arg("sessions", one.sessions)
                                          .about(one.name));
        }
        return verdicts;
      },
      f.roles);
}

Verdicts listens_too_narrow(const PostgresFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& told, const std::vector<std::string>& bound) -> Verdicts {
        const auto base = [&](Severity severity) {
          return draft(severity, f, c)
              .arg("told", told)
              .arg("bound", bound)
              .arg("port", shown(f.port))
              .arg("config", shown(f.config_file));
        };
        if (const auto missing = not_bound(told, bound); !missing.empty()) {
          return base(Severity::warning).arg("missing", missing).arg("unbound", 1);
        }
        if (bound.empty() || !std::ranges::all_of(bound, is_loopback)) return silent();
        const auto* rules = f.hba_rules.seen();
        const auto* networks = f.container_networks.seen();
        if (f.container_networks.absent()) return silent();
        if (!rules) return f.hba_rules.unknown() ? Verdicts{*f.hba_rules.unknown()} : silent();
        if (!networks) return *f.container_networks.unknown();
        const auto cut = cut_off(networks->value, rules->value, bound);
        if (cut.empty()) return silent();
        std::vector<std::string> subnets;
        for (const PostgresNetwork& one : cut) subnets.push_back(one.subnet);
        return base(Severity::critical)
            .arg("missing", subnets)
            .arg("unbound", 0)
            .because(rules->evidence)
            .because(networks->evidence);
      },
      f.listen_addresses, f.bound_addresses);
}

}  // namespace postflight::rules::postgres_rules
