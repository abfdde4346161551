// SPDX-License-Identifier: Apache-2.0
// How much memory a group of processes takes, counted in three ways that differ by a lot. Only
// reads /proc and the cgroup file system. Source: proc_pid_smaps_rollup(5), cgroups(7), the
// kernel's cgroup-v2.rst, "memory.current".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// A process and its children, not their children: what a postmaster has.
/// Errors: those of reading the folder `root`/proc.
Result<std::vector<std::int32_t>> process_family(std::int32_t parent, const std::string& root);

/// Sum of VmRSS: pages that several processes share are counted once for each of them.
/// Processes that end meanwhile count nothing. Errors: kUnreachable where none could be read.
Result<std::uint64_t> summed_resident_bytes(const std::vector<std::int32_t>& pids,
                                            const std::string& root);

/// Sum of Pss: a page shared by n processes counts 1/n in each. Errors: kDenied (needs
/// CAP_SYS_PTRACE), kTimeout where the deadline passed before all were read.
Result<std::uint64_t> summed_proportional_bytes(const std::vector<std::int32_t>& pids,
                                                const std::string& root, Deadline deadline);

/// What the kernel accounts to the cgroup `path` as /proc/PID/cgroup names it, page cache included.
/// Errors: kUnsupported where no hierarchy with a memory controller has it.
Result<std::uint64_t> cgroup_memory_bytes(const std::string& path, const std::string& root);

/// The number behind "NAME:" in a /proc file whose lines are "Name: 123 kB", in bytes.
/// kMalformed where there is no such line. Pure.
Result<std::uint64_t> kilobyte_line(std::string_view text, std::string_view name);

}  // namespace postflight::host
