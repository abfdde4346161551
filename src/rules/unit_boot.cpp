// SPDX-License-Identifier: Apache-2.0
// Judges what the next boot will make of a unit, and whether it has its port and its room. Pure.
// Source: systemd.unit(5) "[Install] Section Options", systemd.resource-control(5), bootup(7).
#include <array>

#include "rules/unit_rules.h"

namespace postflight::rules::unit_rules {
namespace {

bool runs(const std::string& state) {
  return state == "active" || state == "activating" || state == "reloading";
}

/// Whether it is missed when it does not come back: it serves, or somebody wrote it for this
/// machine and it goes on running.
bool will_be_missed(const UnitFacts& f, const Reasons& reasons, const JudgeContext& c) {
  // A package's unit without an [Install] section is started by other programs, as rpc-statd by
  // mount.nfs; to enable it was never meant.
  const auto* file_state = f.unit_file_state.seen();
  const bool vendors = !holds(reasons, "local") && !holds(reasons, "server");
  if (vendors && file_state && file_state->value == "static") return false;
  if (holds(reasons, "listens") || holds(reasons, "server") || holds(reasons, "engine")) {
    return true;
  }
  const auto* sub = f.sub_state.seen();
  const bool goes_on = sub && (sub->value == "running" || sub->value == "waiting");
  return holds(reasons, "local") && (goes_on || type_of(f, c) == "mount");
}

/// How it can be made to start, by what its file offers.
void add_ways(FindingDraft& found, const UnitFacts& f, const std::string& file_state) {
  const std::string unit = found.args.at("unit");
  const auto* install = f.can_be_enabled.seen();
  const auto* transient = f.transient.seen();
  const bool made = transient && transient->value;
  const bool has_file = f.unit_file.seen() && !made;
  const bool is_enabled = file_state == "enabled";
  if (!has_file) {
    found.arg("fileless", unit);
  } else if (install && install->value && !is_enabled) {
    found.arg("enable", unit);
  } else {
    found.arg("add", unit);
  }
}

}  // namespace

Verdicts not_started_at_boot(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& load, BootStart start,
          const Reasons& reasons) -> Verdicts {
        const bool on_demand = start == BootStart::on_demand && is_engine(f, c);
        if (!runs(state) || load == "masked" || (start != BootStart::never && !on_demand)) {
          return silent();
        }
        if (is_of_a_cluster(reasons) || !will_be_missed(f, reasons, c)) return silent();
        const auto* file_state = f.unit_file_state.seen();
        const std::string how = file_state ? file_state->value : "";
        const auto* listens = f.listens.seen();
        const auto* transient = f.transient.seen();
        const bool made = transient && transient->value;
        const bool gone = !made && !f.unit_file.seen();
        const bool disabled = how == "disabled" && !on_demand;
        const bool runtime = how == "enabled-runtime";
        FindingDraft found = draft(Severity::warning, f, c);
        found.arg("state", how)
            .arg("disabled", flag(disabled))
            .arg("runtime", flag(runtime))
            .arg("enabled", flag(how == "enabled"))
            .arg("made", flag(made))
            .arg("gone", flag(gone))
            .arg("plain", flag(!disabled && !runtime && !made && !gone && !on_demand))
            .arg("on_demand", flag(on_demand))
            .arg("serves", flag(listens && !listens->value.empty()))
            .arg("endpoints", listens ? Json(listens->value) : Json::array());
        add_ways(found, f, how);
        return found;
      },
      f.active_state, f.load_state, f.starts_at_boot, f.reasons);
}

Verdicts masked(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& load) -> Verdicts {
        if (!runs(state) || load != "masked") return silent();
        const auto* listens = f.listens.seen();
        return draft(Severity::warning, f, c)
            .arg("serves", flag(listens && !listens->value.empty()))
            .arg("endpoints", listens ? Json(listens->value) : Json::array());
      },
      f.active_state, f.load_state);
}

/// A unit that is restarted when it ends may get its address at the second attempt.
Verdicts starts_before_its_address(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& addresses, BootStart start) -> Verdicts {
        if (addresses.empty() || start != BootStart::at_boot) return silent();
        const auto* policy = f.restart_policy.seen();
        const bool retries = policy && policy->value != "no";
        return draft(retries ? Severity::info : Severity::warning, f, c)
            .arg("addresses", addresses)
            .arg("retries", flag(retries))
            .arg("drop_in_folder", "/etc/systemd/system/" + name_of(f, c) + ".d")
            .arg("drop_in", "/etc/systemd/system/" + name_of(f, c) + ".d/after-docker.conf");
      },
      f.late_addresses, f.starts_at_boot);
}

Verdicts port_held_by_another(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<PortRival>& rivals, const std::string& state,
          BootStart start) -> Verdicts {
        if (rivals.empty()) return silent();
        const bool wanted = state != "inactive" || start == BootStart::at_boot;
        if (!wanted) return silent();
        const PortRival& rival = rivals.front();
        const auto colon = rival.endpoint.rfind(':');
        FindingDraft found = draft(Severity::warning, f, c);
        found.arg("endpoint", rival.endpoint)
            .arg("port", rival.endpoint.substr(colon + 1))
            .arg("holder", rival.program)
            .arg("holder_pid", rival.pid)
            .arg("holder_unit", rival.unit)
            .arg("active", flag(state == "active"));
        if (rival.program == "docker-proxy") {
          found.arg("published", rival.endpoint.substr(colon + 1));
        } else {
          found.arg("holder_process", rival.pid);
        }
        return found;
      },
      f.port_rivals, f.active_state, f.starts_at_boot);
}

/// Page cache counts in the cgroup and goes when memory is needed: only the rest can hit the limit.
Verdicts memory_near_limit(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t used, std::uint64_t reclaimable, std::uint64_t limit) -> Verdicts {
        const std::uint64_t needed = used > reclaimable ? used - reclaimable : 0;
        const double ratio =
            limit == 0 ? 0 : static_cast<double>(needed) / static_cast<double>(limit);
        if (ratio < c.thresholds.unit_memory_warning_ratio) return silent();
        return draft(Severity::warning, f, c)
            .arg("needed", needed)
            .arg("limit", limit)
            .arg("ratio", ratio);
      },
      f.memory_bytes, f.memory_reclaimable_bytes, f.memory_max_bytes);
}

}  // namespace postflight::rules::unit_rules
