// SPDX-License-Identifier: Apache-2.0
// What is looked at on the machine itself: memory, processors, file systems, clock, kernel limits,
// and what the kernel has noted about them. Reads /proc, /sys, /etc and the kernel's log; writes
// nothing. Sources: proc(5), Documentation/accounting/psi.rst, statvfs(3), adjtimex(2), dev-kmsg of
// the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/observed.h"

namespace postflight {

namespace host {
struct FileSystemNumbers;  // host/mounts.h
}

/// How full a file system is, by the arithmetic of df.
struct SpaceUse {
  std::uint64_t size_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t available_bytes = 0;
  double used_ratio = 0;
  std::uint64_t inodes_total = 0;
  std::uint64_t inodes_used = 0;
  double inodes_used_ratio = 0;
  bool operator==(const SpaceUse&) const = default;
};

/// One file system with data.
struct Mount {
  std::string mount_point;
  double used_ratio = 0;
  std::uint64_t available_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t used_bytes = 0;
  double inodes_used_ratio = 0;
  std::uint64_t inodes_used = 0;
  std::uint64_t inodes_total = 0;
  bool read_only = false;
  bool remounted_read_only = false;
  std::string fs_type;
  std::string device;
  std::string options;
  bool operator==(const Mount&) const = default;
};
// clang-format off
PF_DESCRIBE(Mount,
  (mount_point, "Where it is mounted; the shortest path where it is mounted several times."),
  (used_ratio, "used / (used + available), rounded up to whole percent as df's Use% is."),
  (available_bytes, "Space left to programs that are not root's, statvfs f_bavail."),
  (size_bytes, "Size of the file system, f_blocks."),
  (used_bytes, "Space in use, f_blocks - f_bfree."),
  (inodes_used_ratio, "Used part of the inodes, rounded up to whole percent as df's IUse% is."),
  (inodes_used, "Inodes in use, f_files - f_ffree."),
  (inodes_total, "Number of inodes, f_files; 0 where the file system makes them as needed."),
  (read_only, "The file system itself refuses writes."),
  (remounted_read_only, "Mounted for writing, but the file system itself is read-only: what the kernel does after an error."),
  (fs_type, "Type of the file system: ext4, xfs, nfs4, …"),
  (device, "Device, server or pool that holds the data, as mountinfo names it."),
  (options, "Options of the mount and, after a dash, of the file system, as mountinfo has them; left out for network file systems, whose options name users."))
// clang-format on

/// A file system with data that did not say how full it is.
struct SilentMount {
  std::string mount_point;
  std::string fs_type;
  std::string device;
  Why why = Why::unreachable;
  std::string detail;
  bool remote = false;
  bool operator==(const SilentMount&) const = default;
};
// clang-format off
PF_DESCRIBE(SilentMount,
  (mount_point, "Where it is mounted."),
  (fs_type, "Type of the file system."),
  (device, "Device, server or pool that holds the data, as mountinfo names it."),
  (why, "Reason from the list of reasons for unknown facts."),
  (detail, "What was tried and what came back."),
  (remote, "A network or FUSE file system: somebody else should have answered."))
// clang-format on

/// One of the largest files of a file system that is nearly full.
struct DiskFile {
  std::string mount_point;
  std::string path;
  std::uint64_t size_bytes = 0;
  bool operator==(const DiskFile&) const = default;
};
// clang-format off
PF_DESCRIBE(DiskFile,
  (mount_point, "File system it lies on."),
  (path, "Path of the file."),
  (size_bytes, "Space it takes on the disk."))
// clang-format on

/// A file that was deleted while a program has it open.
struct DeletedOpenFile {
  std::string mount_point;
  std::string path;
  std::uint64_t size_bytes = 0;
  std::int32_t pid = 0;
  bool operator==(const DeletedOpenFile&) const = default;
};
// clang-format off
PF_DESCRIBE(DeletedOpenFile,
  (mount_point, "File system it lies on."),
  (path, "What it was called."),
  (size_bytes, "Space that is given back only when it is closed."),
  (pid, "A process that has it open."))
// clang-format on

/// The program that holds the most memory.
struct TopMemory {
  std::string name;
  std::uint64_t memory_bytes = 0;
  std::uint32_t processes = 0;
  std::int32_t largest_pid = 0;
  std::string cgroup;
  bool operator==(const TopMemory&) const = default;
};
// clang-format off
PF_DESCRIBE(TopMemory,
  (name, "Name of its processes."),
  (memory_bytes, "Their RssAnon in sum and their largest RssShmem once: what the kernel cannot simply drop."),
  (processes, "How many there are."),
  (largest_pid, "The process with the most memory of its own."),
  (cgroup, "Path of that process in the cgroup hierarchy, which names its unit or container."))
// clang-format on

/// A process that the kernel killed because memory had run out.
struct OomKill {
  std::string at;
  std::string victim;
  std::int32_t pid = 0;
  bool limit_of_cgroup = false;
  std::string cgroup;
  bool operator==(const OomKill&) const = default;
};
// clang-format off
PF_DESCRIBE(OomKill,
  (at, "When, RFC 3339 in UTC."),
  (victim, "Name of the process."),
  (pid, "Its process id."),
  (limit_of_cgroup, "It ran against the limit of its cgroup; the machine itself had memory left."),
  (cgroup, "Path of its cgroup, which names the unit or container; empty where the log does not tell."))
// clang-format on

/// Damage that an ext4 file system has noted about itself.
struct FileSystemErrors {
  std::string device;
  std::string mount_point;
  std::uint64_t errors_total = 0;
  std::string last_error_at;
  bool operator==(const FileSystemErrors&) const = default;
};
// clang-format off
PF_DESCRIBE(FileSystemErrors,
  (device, "Kernel's name of the device."),
  (mount_point, "Where it is mounted; the device's name where that could not be told."),
  (errors_total, "Errors since the last fsck, errors_count; it survives reboots."),
  (last_error_at, "When the last one was noted, RFC 3339 in UTC; empty where the file system does not tell."))
// clang-format on

struct ResourcesFacts {
  Fact<std::string> os_name;
  Fact<std::string> kernel_release;
  Fact<bool> kernel_shared;
  Fact<std::uint64_t> uptime_seconds;
  Fact<std::uint32_t> cpus;
  Fact<double> load1;
  Fact<double> load5;
  Fact<double> load15;
  Fact<double> cpu_pressure_some_ratio;
  Fact<std::uint64_t> memory_total_bytes;
  Required<std::uint64_t> memory_available_bytes;
  Fact<std::uint64_t> memory_used_bytes;
  Fact<std::uint64_t> memory_free_bytes;
  Fact<std::uint64_t> memory_cache_bytes;
  Fact<std::uint64_t> zfs_reclaimable_bytes;
  Fact<std::uint64_t> swap_total_bytes;
  Fact<std::uint64_t> swap_free_bytes;
  Fact<double> memory_pressure_some_ratio;
  Fact<double> memory_pressure_full_ratio;
  Fact<double> io_pressure_some_ratio;
  Fact<double> io_pressure_full_ratio;
  Fact<TopMemory> top_memory;
  Fact<std::uint64_t> oom_kills_total;
  Fact<OomKill> last_oom_kill;
  Fact<std::string> kernel_log_since;
  Required<std::vector<Mount>> mounts;
  Fact<std::vector<Mount>> network_mounts;
  Fact<std::vector<SilentMount>> silent_mounts;
  Fact<std::vector<DiskFile>> largest_files;
  Fact<std::vector<DeletedOpenFile>> deleted_open_files;
  Fact<std::vector<FileSystemErrors>> file_system_errors;
  Fact<std::vector<std::string>> storage_error_messages;
  Fact<bool> clock_synchronised;
  Fact<double> clock_error_seconds;
  Fact<std::string> time_service;
  Fact<std::string> timezone;
  Fact<bool> reboot_required;
  Fact<std::vector<std::string>> reboot_packages;
  Fact<std::string> newer_kernel;
  Fact<bool> kernel_modules_present;
  Fact<std::uint64_t> file_descriptors_used;
  Fact<std::uint64_t> file_descriptors_max;
  Fact<std::uint64_t> tasks_used;
  Fact<std::uint64_t> tasks_max;
  Fact<std::uint64_t> conntrack_used;
  Fact<std::uint64_t> conntrack_max;
};
// clang-format off
PF_DESCRIBE(ResourcesFacts,
  (os_name, "PRETTY_NAME of /etc/os-release."),
  (kernel_release, "Release of the running kernel, /proc/sys/kernel/osrelease."),
  (kernel_shared, "The kernel, its log and its clock serve other systems too: this one is a container, /proc/self/ns/pid."),
  (uptime_seconds, "Time since the machine's start, /proc/uptime."),
  (cpus, "Processors online, /sys/devices/system/cpu/online."),
  (load1, "Load average of one minute, /proc/loadavg."),
  (load5, "Load average of five minutes, /proc/loadavg."),
  (load15, "Load average of fifteen minutes, /proc/loadavg."),
  (cpu_pressure_some_ratio, "Part of the last minute in which some task waited for a processor, /proc/pressure/cpu."),
  (memory_total_bytes, "MemTotal of /proc/meminfo."),
  (memory_available_bytes, "MemAvailable of /proc/meminfo: what programs can still get without swapping."),
  (memory_used_bytes, "Total less available, as free 4 shows it."),
  (memory_free_bytes, "MemFree of /proc/meminfo."),
  (memory_cache_bytes, "Buffers, Cached and SReclaimable of /proc/meminfo, the buff/cache of free."),
  (zfs_reclaimable_bytes, "What the cache of ZFS would give back, size less c_min of arcstats; the kernel counts it as used."),
  (swap_total_bytes, "SwapTotal of /proc/meminfo; 0 where there is no swap."),
  (swap_free_bytes, "SwapFree of /proc/meminfo."),
  (memory_pressure_some_ratio, "Part of the last minute in which some task waited for memory, /proc/pressure/memory."),
  (memory_pressure_full_ratio, "Part of the last minute in which all tasks waited for memory, /proc/pressure/memory."),
  (io_pressure_some_ratio, "Part of the last minute in which some task waited for a disk, /proc/pressure/io."),
  (io_pressure_full_ratio, "Part of the last minute in which all tasks waited for a disk, /proc/pressure/io."),
  (top_memory, "The program that holds the most memory, from all /proc/PID/status."),
  (oom_kills_total, "Processes killed for lack of memory since the start, cgroup limits included, oom_kill of /proc/vmstat."),
  (last_oom_kill, "The last such kill that the kernel's log still holds."),
  (kernel_log_since, "Time of the oldest message that the kernel's log still holds, RFC 3339 in UTC."),
  (mounts, "Local file systems with data that said how full they are, each once."),
  (network_mounts, "Network and FUSE file systems that said how full they are, each once."),
  (silent_mounts, "Local and network file systems that did not say how full they are."),
  (largest_files, "The largest files that a short search met on each nearly full file system."),
  (deleted_open_files, "The largest files, from 1 MiB on, on local file systems that are deleted but still open."),
  (file_system_errors, "ext4 file systems that have noted errors, /sys/fs/ext4/*/errors_count."),
  (storage_error_messages, "The kernel's latest messages about failing disks and damaged file systems."),
  (clock_synchronised, "The kernel's bound for the error of its clock is below 16 s, adjtimex(2)."),
  (clock_error_seconds, "That bound, timex.maxerror; it stops counting at 16 s."),
  (time_service, "A running program that keeps the clock right: chronyd, ntpd, systemd-timesyncd, ptp4l."),
  (timezone, "Time zone of the machine, /etc/localtime."),
  (reboot_required, "Installed updates ask for a reboot, /run/reboot-required."),
  (reboot_packages, "Packages that ask for it, /run/reboot-required.pkgs."),
  (newer_kernel, "Newest installed kernel, where it is later than the running one and of its flavour, /boot/vmlinuz-*."),
  (kernel_modules_present, "The modules of the running kernel are on disk, /lib/modules."),
  (file_descriptors_used, "Open files of the whole machine, /proc/sys/fs/file-nr."),
  (file_descriptors_max, "How many may be open, fs.file-max."),
  (tasks_used, "Processes and threads, /proc/loadavg."),
  (tasks_max, "How many there may be: the smaller of kernel.pid_max and kernel.threads-max."),
  (conntrack_used, "Connections that the firewall follows, nf_conntrack_count; absent where it follows none."),
  (conntrack_max, "How many it can follow, nf_conntrack_max."))
// clang-format on

/// The rows of /proc/meminfo that are looked at, in bytes.
struct MemoryTable {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
  std::optional<std::uint64_t> available;  ///< Since Linux 3.14.
  std::uint64_t cache = 0;                 ///< Buffers + Cached + SReclaimable.
  std::uint64_t swap_total = 0;
  std::uint64_t swap_free = 0;
  bool operator==(const MemoryTable&) const = default;
};

/// Parses /proc/meminfo. kMalformed where MemTotal, MemFree, SwapTotal or SwapFree is missing, or
/// where numbers contradict each other. Pure.
Result<MemoryTable> parse_meminfo(std::string_view text);

/// /proc/loadavg: "0.80 0.50 0.22 1/88 8425".
struct LoadAverage {
  double load1 = 0;
  double load5 = 0;
  double load15 = 0;
  std::uint64_t tasks = 0;  ///< Processes and threads that exist.
  bool operator==(const LoadAverage&) const = default;
};
Result<LoadAverage> parse_loadavg(std::string_view text);

/// avg60 of a file in /proc/pressure, as parts of one. /proc/pressure/cpu had no "full" before
/// Linux 5.13.
struct Pressure {
  double some = 0;
  std::optional<double> full;
  bool operator==(const Pressure&) const = default;
};
Result<Pressure> parse_pressure(std::string_view text);

/// How many numbers a list such as "0-3,8" of /sys/devices/system/cpu names. kMalformed otherwise.
/// Pure.
Result<std::uint32_t> count_cpu_list(std::string_view text);

/// Whole seconds of /proc/uptime.
Result<std::uint64_t> parse_uptime(std::string_view text);

/// /proc/sys/fs/file-nr: "allocated unused max".
struct OpenFileTable {
  std::uint64_t used = 0;  ///< Allocated less unused.
  std::uint64_t max = 0;
  bool operator==(const OpenFileTable&) const = default;
};
Result<OpenFileTable> parse_file_nr(std::string_view text);

/// Two columns, "name number": /proc/vmstat. kNotFound where there is no such name. Pure.
Result<std::uint64_t> parse_counter(std::string_view text, std::string_view name);

/// size less c_min of /proc/spl/kstat/zfs/arcstats, in bytes. Pure.
Result<std::uint64_t> parse_arcstats(std::string_view text);

/// The value of a variable of os-release(5), unquoted. kNotFound where it is not set. Pure.
Result<std::string> parse_os_release(std::string_view text, std::string_view name);

/// "Europe/Moscow" from the target of /etc/localtime; empty where it leads to no zone file. Pure.
std::string zone_from_link(std::string_view target);

/// Reads "…Out of memory: Killed process 4242 (postgres) total-vm:…", mm/oom_kill.c. Nothing for
/// other messages; `at` and `cgroup` stay empty. Pure.
std::optional<OomKill> parse_oom_kill(std::string_view message);

/// The cgroup that "oom-kill:constraint=…,task_memcg=/system.slice/x.service,task=x,pid=4242,uid=0"
/// names, if the message is one about this process; empty otherwise. Pure.
std::string parse_oom_cgroup(std::string_view message, std::int32_t pid);

/// The release in /proc/sys/kernel/osrelease. kMalformed where it holds anything that could not be
/// the name of a folder in /lib/modules. Pure.
Result<std::string> parse_kernel_release(std::string_view text);

/// True where `candidate` is a later release than `running` of the same flavour: "6.1.0-21-amd64"
/// is later than "6.1.0-18-amd64", "6.8.12-4-pve" cannot be compared with either. Pure.
bool is_newer_kernel(std::string_view candidate, std::string_view running);

/// df's arithmetic over the numbers of statvfs(3). kMalformed where they contradict each other.
/// Pure.
Result<SpaceUse> space_use(const host::FileSystemNumbers& numbers);

}  // namespace postflight
