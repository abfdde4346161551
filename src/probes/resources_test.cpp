// SPDX-License-Identifier: Apache-2.0
// The probe against this machine and its own tools (df, free, nproc, uname), against recordings
// below another root, and against trees that are empty, garbage, endless or locked.
#include "probes/resources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "host/file_descriptor.h"
#include "host/files.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"
#include "model/codec.h"
#include "probes/probe.h"

namespace postflight {

namespace probes {
extern const ProbeSpec resources;
}

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using host::testing::in_child;
using host::testing::run_command;
using host::testing::TempFolder;

class KeepingSink : public FactSink {
 public:
  void put(std::string_view key, std::string_view json) override {
    facts[std::string(key)] = parse_json(json).value();
  }
  Json facts = Json::object();
};

ResourcesFacts look_at(const std::string& root = "/", Duration budget = 3s) {
  const Observed<Topology> topology;
  const Settings settings;
  const auto targets = probes::resources.plan(Topology{}, settings);
  KeepingSink sink;
  probes::resources.run({targets.at(0), topology, settings, Deadline{budget}, root}, sink);
  return decode<ResourcesFacts>(sink.facts).value();
}

std::string recording(const std::string& name) {
  return host::read_file(PF_SOURCE_DIR "/src/probes/testdata/resources/" + name).value();
}

/// A machine made of files.
class Tree {
 public:
  void put(const std::string& path, const std::string& content) const {
    fs::create_directories(fs::path(root() + path).parent_path());
    folder_.write(path.substr(1), content);
  }
  void put_folder(const std::string& path) const { fs::create_directories(root() + path); }
  const std::string& root() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

/// What the probe reads, one file each.
const std::vector<std::string> kFiles = {"/proc/meminfo",
                                         "/proc/loadavg",
                                         "/proc/uptime",
                                         "/proc/vmstat",
                                         "/proc/self/mountinfo",
                                         "/proc/pressure/cpu",
                                         "/proc/pressure/memory",
                                         "/proc/pressure/io",
                                         "/proc/spl/kstat/zfs/arcstats",
                                         "/proc/sys/fs/file-nr",
                                         "/proc/sys/kernel/osrelease",
                                         "/proc/sys/kernel/pid_max",
                                         "/proc/sys/kernel/threads-max",
                                         "/proc/sys/net/netfilter/nf_conntrack_count",
                                         "/proc/sys/net/netfilter/nf_conntrack_max",
                                         "/proc/1/status",
                                         "/sys/devices/system/cpu/online",
                                         "/sys/fs/ext4/vda1/errors_count",
                                         "/dev/kmsg",
                                         "/etc/os-release"};

void put_recordings(const Tree& tree) {
  tree.put("/proc/meminfo", recording("meminfo"));
  tree.put("/proc/loadavg", recording("loadavg"));
  tree.put("/proc/uptime", "2206.38 4109.80\n");
  tree.put("/proc/vmstat", recording("vmstat"));
  tree.put("/proc/self/mountinfo", recording("mountinfo_vm"));
  tree.put("/proc/1/status", recording("status"));
  tree.put("/proc/1/cgroup", "0::/system.slice/postgresql@15-main.service\n");
  tree.put("/proc/sys/fs/file-nr", recording("file-nr"));
  tree.put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  tree.put("/proc/sys/kernel/pid_max", "32768\n");
  tree.put("/proc/sys/kernel/threads-max", "192731\n");
  tree.put_folder("/proc/sys/net");
  for (const char* resource : {"cpu", "memory", "io"}) {
    tree.put(std::string("/proc/pressure/") + resource, recording("pressure_memory"));
  }
  tree.put("/sys/devices/system/cpu/online", "0-1\n");
  tree.put_folder("/sys/fs");
  tree.put_folder("/run");
  tree.put("/dev/kmsg", recording("kmsg_oom"));
  tree.put("/etc/os-release", recording("os-release"));
  tree.put_folder("/proc/self/ns");
  fs::create_symlink("pid:[4026531836]", tree.root() + "/proc/self/ns/pid");
}

/// Facts by the state they are in.
std::map<std::string, std::vector<std::string>> states(const ResourcesFacts& facts) {
  std::map<std::string, std::vector<std::string>> out;
  for_each_field<ResourcesFacts>(
      facts, [&](std::string_view key, const auto& fact, std::string_view) {
        const std::string state = fact.seen()     ? "seen"
                                  : fact.absent() ? "absent"
                                                  : "unknown " + enum_name(fact.unknown()->why);
        out[state].emplace_back(key);
      });
  return out;
}

using Keys = std::vector<std::string>;

// What is not read from the tree: the clock is the kernel's own, asked by a system call.
const Keys kNotFromFiles = {"clock_synchronised", "clock_error_seconds"};

std::vector<std::string_view> words_of_line(std::string_view text, std::string_view begin) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(begin)) return split_words(line);
  }
  return {};
}

double number(std::string_view text) {
  return static_cast<double>(parse_number<std::uint64_t>(text).value());
}

/// The machine goes on while two tools look at it one after the other.
void expect_near(std::uint64_t ours, std::string_view theirs, double tolerance) {
  EXPECT_NEAR(static_cast<double>(ours), number(theirs), tolerance);
}

TEST(ThisMachine, HasItsRequiredFactsAndNothingIsLeftOpen) {
  const auto before = MonotonicClock::now();
  const ResourcesFacts facts = look_at();
  EXPECT_LT(MonotonicClock::now() - before, 2500ms);
  EXPECT_TRUE(facts.memory_available_bytes.seen());
  EXPECT_TRUE(facts.mounts.seen());
  EXPECT_EQ(states(facts)["unknown not_planned"], Keys{});
  EXPECT_EQ(states(facts)["unknown malformed"], Keys{});
}

TEST(ARecordedMachine, InAnotherPidNamespaceThanTheFirstSharesItsKernel) {
  const Tree tree;
  put_recordings(tree);
  EXPECT_FALSE(look_at(tree.root()).kernel_shared.seen()->value);
  fs::remove(tree.root() + "/proc/self/ns/pid");
  EXPECT_TRUE(look_at(tree.root()).kernel_shared.unknown());
  fs::create_symlink("pid:[4026532712]", tree.root() + "/proc/self/ns/pid");
  EXPECT_TRUE(look_at(tree.root()).kernel_shared.seen()->value);
}

TEST(ThisMachine, IsMeasuredAsDfMeasuresIt) {
  const ResourcesFacts facts = look_at();
  const auto space = run_command({"df", "-P", "-B1"});
  const auto inodes = run_command({"df", "-P", "-i"});
  ASSERT_TRUE(facts.mounts.seen());
  ASSERT_EQ(space.exit_code, 0);
  for (const Mount& mount : facts.mounts.seen()->value) {
    const auto of = [&](const std::string& table) {
      for (const std::string_view line : split(table, '\n')) {
        const auto words = split_words(line);
        if (words.size() == 6 && words[5] == mount.mount_point) return words;
      }
      return std::vector<std::string_view>{};
    };
    const auto bytes = of(space.out), files = of(inodes.out);
    ASSERT_EQ(bytes.size(), 6U) << mount.mount_point;
    expect_near(mount.size_bytes, bytes[1], 0);
    expect_near(mount.used_bytes, bytes[2], 64 << 20);
    expect_near(mount.available_bytes, bytes[3], 64 << 20);
    EXPECT_NEAR(mount.used_ratio * 100, number(bytes[4].substr(0, bytes[4].find('%'))), 1.01);
    expect_near(mount.inodes_total, files[1], 0);
    expect_near(mount.inodes_used, files[2], 5000);
    EXPECT_NEAR(mount.inodes_used_ratio * 100, number(files[4].substr(0, files[4].find('%'))),
                1.01);
  }
}

TEST(ThisMachine, HasTheMemoryThatFreeSees) {
  const ResourcesFacts facts = look_at();
  const auto free = run_command({"free", "-b"});
  ASSERT_EQ(free.exit_code, 0);
  const auto memory = words_of_line(free.out, "Mem:");
  const auto swap = words_of_line(free.out, "Swap:");
  ASSERT_EQ(memory.size(), 7U);
  constexpr double kMoves = 256 << 20;
  expect_near(facts.memory_total_bytes.seen()->value, memory[1], 0);
  expect_near(facts.memory_used_bytes.seen()->value, memory[2], kMoves);
  expect_near(facts.memory_free_bytes.seen()->value, memory[3], kMoves);
  expect_near(facts.memory_cache_bytes.seen()->value, memory[5], kMoves);
  expect_near(facts.memory_available_bytes.seen()->value, memory[6], kMoves);
  expect_near(facts.swap_total_bytes.seen()->value, swap[1], 0);
  expect_near(facts.swap_free_bytes.seen()->value, swap[3], kMoves);
}

TEST(ThisMachine, IsWhatUnameNprocAndUptimeSay) {
  const ResourcesFacts facts = look_at();
  EXPECT_EQ(facts.kernel_release.seen()->value, trim(run_command({"uname", "-r"}).out));
  EXPECT_EQ(std::to_string(facts.cpus.seen()->value),
            trim(run_command({"getconf", "_NPROCESSORS_ONLN"}).out));
  const auto load = parse_loadavg(host::read_file("/proc/loadavg").value()).value();
  EXPECT_NEAR(facts.load1.seen()->value, load.load1, 0.5);
  EXPECT_NEAR(facts.load15.seen()->value, load.load15, 0.2);
  const auto uptime = parse_uptime(host::read_file("/proc/uptime").value()).value();
  EXPECT_NEAR(static_cast<double>(facts.uptime_seconds.seen()->value), static_cast<double>(uptime),
              3);
}

TEST(ThisMachine, SeenByNobodyIsStillKnownWhereItMatters) {
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::become_nobody()) return "skip";
    const ResourcesFacts facts = look_at();
    if (!facts.memory_available_bytes.seen() || !facts.mounts.seen())
      return "required facts missing";
    const auto* deleted = facts.deleted_open_files.unknown();
    return deleted && deleted->why == Why::denied ? "denied" : "not denied";
  });
  if (said == "skip") GTEST_SKIP() << "not root";
  EXPECT_EQ(said, "denied");
}

TEST(ThisMachine, WithAFullFileSystemNamesWhatFillsIt) {
  const std::string said = in_child([]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "/srv", "tmpfs", 0, "size=4m") != 0) {
      return "skip";
    }
    std::ofstream("/srv/small") << std::string(4096, 'x');
    fs::create_directory("/srv/deep");
    std::ofstream("/srv/deep/crash.img") << std::string(3'900'000, 'x');
    const ResourcesFacts facts = look_at();
    const auto df = run_command({"df", "--output=pcent", "/srv"});
    for (const Mount& mount : facts.mounts.seen()->value) {
      if (mount.mount_point != "/srv") continue;
      const auto percent = std::lround(mount.used_ratio * 100);
      if (df.out.find(std::to_string(percent) + "%") == std::string::npos) return "df: " + df.out;
      for (const DiskFile& file : facts.largest_files.seen()->value) {
        if (file.mount_point == "/srv") return file.path;
      }
    }
    return "not seen";
  });
  if (said == "skip") GTEST_SKIP() << "no mount namespace here";
  EXPECT_EQ(said, "/srv/deep/crash.img");
}

TEST(ThisMachine, WithADeadNetworkMountLosesNothingElse) {
  const TempFolder folder;
  const std::string said = in_child([&]() -> std::string {
    const host::FileDescriptor fuse{::open("/dev/fuse", O_RDWR | O_CLOEXEC)};
    // Its program, which is us, never reads a request.
    const std::string options =
        "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0";
    if (!fuse || ::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("dead", folder.path().c_str(), "fuse", 0, options.c_str()) != 0) {
      return "skip";
    }
    const auto before = MonotonicClock::now();
    const ResourcesFacts facts = look_at();
    const bool in_time = MonotonicClock::now() - before < 3s;
    ::umount2(folder.path().c_str(), MNT_DETACH);
    if (!facts.mounts.seen() || !facts.network_mounts.seen() || !facts.silent_mounts.seen()) {
      return "facts missing";
    }
    for (const SilentMount& mount : facts.silent_mounts.seen()->value) {
      if (mount.mount_point == folder.path()) {
        return enum_name(mount.why) + (in_time ? ", in time" : ", late");
      }
    }
    return "not noticed";
  });
  if (said == "skip") GTEST_SKIP() << "no mount namespace or no FUSE here";
  EXPECT_EQ(said, "timeout, in time");
}

TEST(ARecordedMachine, IsReadBelowItsRoot) {
  const Tree tree;
  put_recordings(tree);
  const ResourcesFacts facts = look_at(tree.root());
  EXPECT_EQ(facts.os_name.seen()->value, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(facts.kernel_release.seen()->value, "6.1.0-18-amd64");
  EXPECT_EQ(facts.uptime_seconds.seen()->value, 2206U);
  EXPECT_EQ(facts.tasks_max.seen()->value, 32768U);
  EXPECT_EQ(facts.top_memory.seen()->value.name, "postgres");
  EXPECT_EQ(facts.top_memory.seen()->value.cgroup, "/system.slice/postgresql@15-main.service");
  EXPECT_TRUE(facts.time_service.absent());
  EXPECT_EQ(facts.timezone.seen()->value, "UTC");
  EXPECT_TRUE(facts.conntrack_used.absent());
  EXPECT_TRUE(facts.zfs_reclaimable_bytes.absent());
  EXPECT_TRUE(facts.file_system_errors.absent());
  EXPECT_FALSE(facts.reboot_required.seen()->value);
}

TEST(ARecordedMachine, TellsOfItsOomKillsAndDisks) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/proc/vmstat", "oom_kill 2\n");
  const ResourcesFacts facts = look_at(tree.root());
  EXPECT_EQ(facts.oom_kills_total.seen()->value, 2U);
  ASSERT_TRUE(facts.last_oom_kill.seen());
  const OomKill& kill = facts.last_oom_kill.seen()->value;
  EXPECT_EQ(kill.victim, "celery (w1)");
  EXPECT_EQ(kill.pid, 5151);
  EXPECT_TRUE(kill.limit_of_cgroup);
  EXPECT_EQ(kill.cgroup, "/system.slice/docker-9f8e.scope");
  ASSERT_EQ(facts.storage_error_messages.seen()->value.size(), 2U);
  EXPECT_NE(facts.storage_error_messages.seen()->value[0].find("Remounting"), std::string::npos);
}

TEST(ARecordedMachine, DoesNotTakeALogThatWasOverwrittenForPeace) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/proc/vmstat", "oom_kill 2\n");
  tree.put("/dev/kmsg", "6,1,5000000,-;hello\n");
  EXPECT_EQ(look_at(tree.root()).last_oom_kill.unknown()->why, Why::unreachable);
  tree.put("/proc/vmstat", "oom_kill 0\n");
  EXPECT_TRUE(look_at(tree.root()).last_oom_kill.absent());
}

TEST(ARecordedMachine, WaitsForAReboot) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/run/reboot-required", "*** System restart required ***\n");
  tree.put("/run/reboot-required.pkgs", "linux-image-6.1.0-21-amd64\nlibc6\nlibc6\n");
  tree.put("/boot/vmlinuz-6.1.0-18-amd64", "");
  tree.put("/boot/vmlinuz-6.1.0-21-amd64", "");
  tree.put("/boot/vmlinuz-6.9.0-1-pve", "");
  tree.put("/proc/modules", "");
  tree.put("/lib/modules/6.1.0-21-amd64/modules.dep", "");
  const ResourcesFacts facts = look_at(tree.root());
  EXPECT_TRUE(facts.reboot_required.seen()->value);
  EXPECT_EQ(facts.reboot_packages.seen()->value, (Keys{"libc6", "linux-image-6.1.0-21-amd64"}));
  EXPECT_EQ(facts.newer_kernel.seen()->value, "6.1.0-21-amd64");
  EXPECT_FALSE(facts.kernel_modules_present.seen()->value);
  tree.put("/lib/modules/6.1.0-18-amd64/modules.dep", "");
  EXPECT_TRUE(look_at(tree.root()).kernel_modules_present.seen()->value);
}

TEST(ARecordedMachine, DoesNotMountBootToLookThere) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/boot/vmlinuz-6.1.0-21-amd64", "");
  tree.put(
      "/proc/self/mountinfo",
      recording("mountinfo_vm") + "99 27 0:45 / /boot rw,relatime - autofs systemd-1 rw,direct\n");
  EXPECT_EQ(look_at(tree.root()).newer_kernel.unknown()->why, Why::unsupported);
}

TEST(ARecordedMachine, HasAnExt4WithErrors) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/sys/fs/ext4/features/lazy_itable_init", "");
  tree.put("/sys/fs/ext4/vda/errors_count", "3\n");
  tree.put("/sys/fs/ext4/vda/last_error_time", "1768188600\n");
  tree.put("/sys/class/block/vda/dev", "254:0\n");
  tree.put("/sys/fs/ext4/vdb1/errors_count", "0\n");
  const auto facts = look_at(tree.root());
  ASSERT_TRUE(facts.file_system_errors.seen());
  EXPECT_EQ(facts.file_system_errors.seen()->value,
            (std::vector<FileSystemErrors>{{"vda", "/", 3, "2026-01-12T03:30:00.000Z"}}));
}

TEST(ARecordedMachine, KnowsItsTimeServiceByTheNameTheKernelCuts) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/proc/412/status", "Name:\tsystemd-timesyn\nRssAnon:\t500 kB\n");
  EXPECT_EQ(look_at(tree.root()).time_service.seen()->value, "systemd-timesyncd");
}

TEST(ARecordedMachine, ThatHidesProcessesIsNotTakenForOneWithoutATimeService) {
  const Tree tree;
  put_recordings(tree);
  fs::remove_all(tree.root() + "/proc/1");
  tree.put("/proc/812/status", "Name:\tbash\nRssAnon:\t500 kB\n");
  const auto facts = look_at(tree.root());
  EXPECT_EQ(facts.time_service.unknown()->why, Why::denied);
  EXPECT_EQ(facts.top_memory.unknown()->why, Why::denied);
}

TEST(ARecordedMachine, NamesItsTimeZone) {
  const Tree tree;
  put_recordings(tree);
  fs::create_symlink("/usr/share/zoneinfo/Europe/Moscow", tree.root() + "/etc/localtime");
  EXPECT_EQ(look_at(tree.root()).timezone.seen()->value, "Europe/Moscow");
  fs::remove(tree.root() + "/etc/localtime");
  tree.put("/etc/localtime", "TZif2");
  EXPECT_EQ(look_at(tree.root()).timezone.unknown()->why, Why::unreachable);
  tree.put("/etc/timezone", "Asia/Tomsk\n");
  EXPECT_EQ(look_at(tree.root()).timezone.seen()->value, "Asia/Tomsk");
}

TEST(ABadMachine, WithoutAnyFileIsUnknownThroughout) {
  const Tree tree;
  auto by_state = states(look_at(tree.root()));
  EXPECT_EQ(by_state["seen"], kNotFromFiles);
  EXPECT_EQ(by_state["absent"], Keys{});
  EXPECT_EQ(by_state["unknown not_planned"], Keys{});
}

void expect_nothing_seen(const Tree& tree) {
  const auto before = MonotonicClock::now();
  auto by_state = states(look_at(tree.root()));
  EXPECT_LT(MonotonicClock::now() - before, 3s);
  // What a missing file truly tells, it tells beside any garbage.
  Keys allowed = kNotFromFiles;
  allowed.insert(allowed.end(), {"timezone", "reboot_required", "deleted_open_files"});
  for (const std::string& key : by_state["seen"]) {
    EXPECT_NE(std::ranges::find(allowed, key), allowed.end()) << key << " was seen in garbage";
  }
  EXPECT_EQ(by_state["unknown not_planned"], Keys{});
}

TEST(ABadMachine, OfGarbageIsUnknown) {
  const Tree tree;
  for (const std::string& path : kFiles) tree.put(path, std::string("\xff\x00\x1b[2J\n)(%s\n", 12));
  expect_nothing_seen(tree);
}

TEST(ABadMachine, OfEmptyFilesIsUnknown) {
  const Tree tree;
  for (const std::string& path : kFiles) tree.put(path, "");
  expect_nothing_seen(tree);
}

TEST(ABadMachine, OfFoldersInPlaceOfFilesIsUnknown) {
  const Tree tree;
  for (const std::string& path : kFiles) tree.put_folder(path);
  expect_nothing_seen(tree);
}

TEST(ABadMachine, OfPipesThatNobodyFillsDoesNotHang) {
  const Tree tree;
  for (const std::string& path : kFiles) {
    fs::create_directories(fs::path(tree.root() + path).parent_path());
    ASSERT_EQ(::mkfifo((tree.root() + path).c_str(), 0600), 0);
  }
  expect_nothing_seen(tree);
}

TEST(ABadMachine, OfEndlessFilesEnds) {
  const Tree tree;
  for (const std::string& path : kFiles) {
    fs::create_directories(fs::path(tree.root() + path).parent_path());
    fs::create_symlink("/dev/zero", tree.root() + path);
  }
  expect_nothing_seen(tree);
}

TEST(ABadMachine, ThatIsLockedIsDenied) {
  const Tree tree;
  put_recordings(tree);
  for (const std::string& path : kFiles) {
    if (fs::exists(tree.root() + path)) ::chmod((tree.root() + path).c_str(), 0);
  }
  ::chmod(tree.root().c_str(), 0755);
  const std::string said = in_child([&]() -> std::string {
    if (!host::testing::become_nobody()) return "skip";
    const ResourcesFacts facts = look_at(tree.root());
    const auto denied = [](const auto& fact) {
      return fact.unknown() && fact.unknown()->why == Why::denied;
    };
    return denied(facts.memory_available_bytes) && denied(facts.mounts) &&
                   denied(facts.network_mounts) && denied(facts.last_oom_kill) &&
                   denied(facts.memory_pressure_full_ratio) && denied(facts.kernel_release)
               ? "denied"
               : "something else";
  });
  if (said == "skip") GTEST_SKIP() << "not root";
  EXPECT_EQ(said, "denied");
}

TEST(ABadMachine, WithHalfWrittenTablesIsUnknownThere) {
  const Tree tree;
  put_recordings(tree);
  tree.put("/proc/meminfo", recording("meminfo").substr(0, 40));
  tree.put("/proc/self/mountinfo", recording("mountinfo_vm").substr(0, 200));
  tree.put("/proc/pressure/memory", "some avg10=0.00 avg6");
  const ResourcesFacts facts = look_at(tree.root());
  EXPECT_EQ(facts.memory_available_bytes.unknown()->why, Why::malformed);
  EXPECT_EQ(facts.mounts.unknown()->why, Why::malformed);
  EXPECT_EQ(facts.memory_pressure_full_ratio.unknown()->why, Why::malformed);
  EXPECT_TRUE(facts.load1.seen()) << "the rest is not affected";
}

TEST(ABadMachine, WithoutPressureSaysHowToGetIt) {
  const Tree tree;
  put_recordings(tree);
  fs::remove_all(tree.root() + "/proc/pressure");
  const ResourcesFacts facts = look_at(tree.root());
  EXPECT_EQ(facts.cpu_pressure_some_ratio.unknown()->why, Why::unsupported);
  EXPECT_NE(facts.cpu_pressure_some_ratio.unknown()->detail.find("psi=1"), std::string::npos);
}

TEST(ABadMachine, WithoutTimeEndsAtOnce) {
  const auto before = MonotonicClock::now();
  const ResourcesFacts facts = look_at("/", 0ms);
  EXPECT_LT(MonotonicClock::now() - before, 1s);
  EXPECT_EQ(facts.top_memory.unknown()->why, Why::timeout);
  EXPECT_EQ(facts.last_oom_kill.seen(), nullptr);
}

TEST(ThePlan, HasOneTarget) {
  const auto targets = probes::resources.plan(Topology{}, Settings{});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].component_id, "host");
  EXPECT_EQ(targets[0].name, trim(run_command({"uname", "-n"}).out));
}

}  // namespace
}  // namespace postflight
