// SPDX-License-Identifier: Apache-2.0
// The part of the probe that looks at the kernel: which one runs, which one waits, and what its log
// says.
#pragma once

#include <string>
#include <vector>

#include "host/kernel_log.h"
#include "host/mounts.h"
#include "probes/resources.h"
#include "probes/resources_reader.h"

namespace postflight::resources_look {

/// Each step fills its facts.
class KernelLook {
 public:
  KernelLook(const ProbeContext& context, ResourcesFacts& facts)
      : reader_(context), facts_(facts) {}

  /// Installed kernels and modules. `mounts` tells whether looking into /boot would mount it.
  void look_at_installed(const std::vector<host::MountEntry>& mounts);
  /// The flag that updates leave when they need a reboot.
  void look_at_reboot_flag();
  /// Kills for lack of memory, and messages about disks: a look with a time limit.
  void look_at_log();

 private:
  Observed<std::string> newer_kernel(const std::string& running,
                                     const std::vector<host::MountEntry>& mounts) const;
  Observed<bool> modules_present(const std::string& running) const;
  Observed<OomKill> without_log(const Unknown& reason) const;
  Observed<OomKill> last_oom_kill(const host::KernelLog& log, const std::string& since) const;
  Observed<std::vector<std::string>> storage_errors(const host::KernelLog& log) const;

  Reader reader_;
  ResourcesFacts& facts_;
};

}  // namespace postflight::resources_look
