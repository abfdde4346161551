// SPDX-License-Identifier: Apache-2.0
// Faults of units and of the service manager.
#include "testing/fix_cases.h"

namespace postflight::lab {
namespace {

const std::string kUnits = "--only systemd --only 'unit*'";

/// Writes a unit file whose section [Service] has these lines, and has it read.
std::string unit_file(const std::string& name, const std::string& lines,
                      const std::string& rest = "") {
  return "printf '%b' '[Unit]\\n" + rest + "[Service]\\n" + lines + "' >/etc/systemd/system/" +
         name + ".service; systemctl daemon-reload; ";
}

const std::string kStays = "ExecStart=/bin/sleep infinity\\n";
const std::string kInstall = "[Install]\\nWantedBy=multi-user.target\\n";

std::vector<FixCase> of_what_does_not_run() {
  return {
      {"ProgramOfAUnitIsMissing", "unit/failed", kUnits, "cleanup.service",
       unit_file("cleanup", "Type=oneshot\\nExecStart=/opt/old/cleanup.sh\\n") +
           "systemctl start cleanup || :",
       "Failed at step EXEC spawning /opt/old/cleanup.sh", "",
       "mkdir -p /opt/old; printf '#!/bin/sh\\n' >/opt/old/cleanup.sh; "
       "chmod 755 /opt/old/cleanup.sh; systemctl restart cleanup",
       "# when the reason is gone: systemctl restart cleanup.service"},
      {"UnitIsNoLongerRestarted", "unit/gave-up-restarting", kUnits, "crash.service",
       unit_file("crash", "ExecStart=/bin/sh -c \"exit 3\"\\nRestart=always\\nRestartSec=0\\n") +
           "systemctl start crash || :; waits 'systemctl is-failed -q crash'",
       "Start request repeated too quickly", "",
       unit_file("crash", kStays) + "systemctl reset-failed crash && systemctl start crash",
       "systemctl reset-failed crash.service && systemctl start crash.service"},
      {"UnitIsRestartedAgainAndAgain", "unit/restart-loop", kUnits, "loop.service",
       unit_file("loop", "ExecStart=/bin/sh -c \"exit 3\"\\nRestart=always\\nRestartSec=2\\n",
                 "StartLimitIntervalSec=0\\n") +
           "systemctl start loop || :; sleep 0.3",
       "status=3", "", unit_file("loop", kStays) + "systemctl restart loop"},
      {"ServerIsStoppedThoughEnabled", "unit/stopped", kUnits, "nginx.service",
       "systemctl stop nginx", "Stopped", "", "systemctl start nginx",
       "# if it is needed: systemctl start nginx.service"},
      {"UnitFileIsRefused", "unit/file-refused", kUnits, "typo.service",
       unit_file("typo", "Type=simple\\n"), "Service has no ExecStart=", "",
       unit_file("typo", kStays) + "systemctl start typo",
       "systemctl daemon-reload && systemctl start typo.service"},
      {"AnotherProgramHoldsThePort", "unit/port-held-by-another", kUnits, "nginx.service",
       "systemctl stop nginx; unit rogue python3 -m http.server 80; listens 80; "
       "systemctl start nginx || :",
       "http.server 80", "", "systemctl stop rogue; systemctl restart nginx",
       "end the other one, then systemctl restart nginx.service"},
  };
}

std::vector<FixCase> of_the_next_boot() {
  return {
      {"ServerIsDisabled", "unit/not-started-at-boot", kUnits, "nginx.service",
       "systemctl disable -q nginx", "Created symlink", "", ""},
      {"UnitWithoutInstallSection", "unit/not-started-at-boot", kUnits, "static.service",
       unit_file("static", "ExecStart=/usr/bin/python3 -m http.server 7401\\n") +
           "systemctl start static; listens 7401",
       "multi-user.target.wants/static.service", "", ""},
      {"ServerIsMasked", "unit/masked", kUnits, "nginx.service", "systemctl mask -q nginx",
       "Removed", "", ""},
      {"AddressOfDockerIsNotWaitedFor", "unit/starts-before-its-address", kUnits, "bridge.service",
       unit_file("bridge",
                 "ExecStart=/usr/bin/python3 -m http.server 7402 --bind 172.17.0.1\\n" + kInstall) +
           "systemctl enable -q --now bridge; listens 7402",
       "After=", "", ""},
      {"MemoryOfAUnitIsNearlyUsedUp", "unit/memory-near-limit", kUnits, "hungry.service",
       unit_file("hungry",
                 "MemoryMax=60M\\nExecStart=/usr/bin/python3 -c \"import time; "
                 "held = bytearray(1) * (53 << 20); time.sleep(600)\"\\n") +
           "systemctl start hungry; sleep 1",
       "MemoryMax=62914560", "", "systemctl set-property hungry.service MemoryMax=200M"},
      {"UnitFileIsNotRead", "systemd/daemon-reload-needed", kUnits, "systemd",
       "mkdir -p /etc/systemd/system/nginx.service.d; printf '[Service]\\nLimitNOFILE=65535\\n' "
       ">/etc/systemd/system/nginx.service.d/limit.conf",
       "LimitNOFILE=65535", "", ""},
      {"ProgramRunsInALoginSession", "systemd/runs-from-login-session", kUnits, "systemd",
       "systemd-run -q --collect --scope --slice=user-0.slice --unit=session-9.scope "
       "python3 -m http.server 7403 >/dev/null 2>&1 & listens 7403",
       "http.server 7403", "",
       "systemctl stop session-9.scope; unit web python3 -m http.server 7403; listens 7403"},
  };
}

}  // namespace

std::vector<FixCase> fix_cases_of_systemd() {
  std::vector<FixCase> all = of_what_does_not_run();
  const auto more = of_the_next_boot();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace postflight::lab
