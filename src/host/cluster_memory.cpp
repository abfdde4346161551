// SPDX-License-Identifier: Apache-2.0
#include "host/cluster_memory.h"

#include "base/text.h"
#include "host/files.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::size_t kProcFile = 16 * 1024;

Result<std::string> read_of(std::int32_t pid, const char* file, const std::string& root) {
  return read_head(under_root(root, "/proc/" + std::to_string(pid) + "/" + file), kProcFile);
}

}  // namespace

Result<std::uint64_t> kilobyte_line(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.size() < 2 || words[0] != name) continue;
    const auto number = parse_number<std::uint64_t>(words[1]);
    if (number && *number < (UINT64_C(1) << 53)) return *number * 1024;
  }
  return fail(Errc::kMalformed, "no line " + std::string(name));
}

Result<std::vector<std::int32_t>> process_family(std::int32_t parent, const std::string& root) {
  PF_TRY_ASSIGN(const auto pids, list_processes(root));
  std::vector<std::int32_t> family;
  for (const std::int32_t pid : pids) {
    const auto stat = read_process_stat(pid, root);
    if (pid == parent || (stat && stat->parent == parent)) family.push_back(pid);
  }
  return family;
}

Result<std::uint64_t> summed_resident_bytes(const std::vector<std::int32_t>& pids,
                                            const std::string& root) {
  std::uint64_t sum = 0;
  for (const std::int32_t pid : pids) {
    const auto status = read_of(pid, "status", root);
    const auto resident =
        status ? kilobyte_line(*status, "VmRSS:") : std::unexpected(status.error());
    if (resident) sum += *resident;
  }
  if (sum == 0) return fail(Errc::kUnreachable, "no process's memory could be read");
  return sum;
}

Result<std::uint64_t> summed_proportional_bytes(const std::vector<std::int32_t>& pids,
                                                const std::string& root, Deadline deadline) {
  std::uint64_t sum = 0;
  for (const std::int32_t pid : pids) {
    if (deadline.passed()) {
      return fail(Errc::kTimeout, "no time was left to walk the page tables of all processes");
    }
    const auto rollup = read_of(pid, "smaps_rollup", root);
    if (!rollup && rollup.error().code == Errc::kDenied) {
      return fail(Errc::kDenied, rollup.error().what + "; run as root or with CAP_SYS_PTRACE");
    }
    const auto part = rollup ? kilobyte_line(*rollup, "Pss:") : std::unexpected(rollup.error());
    if (part) sum += *part;
  }
  if (sum == 0) return fail(Errc::kUnreachable, "no process's memory could be read");
  return sum;
}

Result<std::uint64_t> cgroup_memory_bytes(const std::string& path, const std::string& root) {
  // The unified hierarchy first, where it is the only one and where it is beside the old ones.
  for (const auto& [folder, file] : {std::pair{"/sys/fs/cgroup", "memory.current"},
                                     std::pair{"/sys/fs/cgroup/unified", "memory.current"},
                                     std::pair{"/sys/fs/cgroup/memory", "memory.usage_in_bytes"}}) {
    const auto text = read_head(under_root(root, folder + path + "/" + file), 64);
    const auto bytes = text ? parse_number<std::uint64_t>(trim(*text)) : std::nullopt;
    if (bytes) return *bytes;
  }
  return fail(Errc::kUnsupported, "no cgroup hierarchy accounts the memory of " + path);
}

}  // namespace postflight::host
