// SPDX-License-Identifier: Apache-2.0
// Tables of mounts as they were recorded, and real file systems: filled to the last inode, broken
// on purpose, and one whose server never answers. The latter live in a mount namespace of a child.
#include "host/mounts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <rapidcheck/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "host/file_descriptor.h"
#include "host/files.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using namespace std::chrono_literals;
using testing::in_child;
using testing::run_command;
using testing::TempFolder;

constexpr std::string_view kDenied = "not permitted: ";

std::string recording(const std::string& name) {
  return read_file(PF_SOURCE_DIR "/src/probes/testdata/resources/" + name).value();
}

std::vector<FileSystem> file_systems_of(const std::string& text) {
  return real_file_systems(parse_mountinfo(text).value());
}

std::vector<std::string> mount_points(const std::vector<FileSystem>& file_systems,
                                      Storage storage) {
  std::vector<std::string> points;
  for (const FileSystem& each : file_systems) {
    if (each.storage == storage) points.push_back(each.mount.mount_point);
  }
  return points;
}

using Points = std::vector<std::string>;

TEST(ParseMountinfo, ReadsEveryFieldAndItsEscapes) {
  const auto mounts = parse_mountinfo(
      "87 28 254:16 /sub\\134folder /srv/my\\040data rw,noatime shared:33 master:2 - xfs "
      "/dev/vd\\011b "
      "rw,attr2\n");
  ASSERT_TRUE(mounts);
  const MountEntry expected{87,           28,    "254:16",     "/sub\\folder", "/srv/my data",
                            "rw,noatime", "xfs", "/dev/vd\tb", "rw,attr2"};
  EXPECT_EQ(mounts->front(), expected);
}

TEST(ParseMountinfo, TakesASourceThatIsEmpty) {
  const auto mounts = parse_mountinfo("30 28 0:25 / /mnt rw - tmpfs  rw,inode64\n");
  ASSERT_TRUE(mounts);
  EXPECT_EQ(mounts->front().source, "");
  EXPECT_EQ(mounts->front().super_options, "rw,inode64");
}

TEST(ParseMountinfo, RefusesATableWithALineItCannotRead) {
  const std::string good = "30 28 0:25 / /mnt rw - tmpfs tmpfs rw\n";
  for (const std::string& bad :
       {std::string(), std::string("\n\n"), good + "31 28 0:2",
        good + "31 28 0:26 / /x rw - ext4\n", std::string("x 28 0:25 / /mnt rw - tmpfs tmpfs rw\n"),
        std::string("30 28 025 / /mnt rw - tmpfs tmpfs rw\n"),
        std::string("30 28 0:25 / mnt rw - tmpfs tmpfs rw\n"), std::string("\x1b[2J\0\xff", 6)}) {
    const auto mounts = parse_mountinfo(bad);
    ASSERT_FALSE(mounts) << bad;
    EXPECT_EQ(mounts.error().code, Errc::kMalformed);
  }
}

RC_GTEST_PROP(ParseMountinfo, NeverCrashesAndEveryPrefixIsWholeOrRefused, (std::string noise)) {
  (void)parse_mountinfo(noise);
  const std::string text = recording("mountinfo_docker");
  const auto cut = *rc::gen::inRange<std::size_t>(0, text.size());
  const auto part = parse_mountinfo(text.substr(0, cut));
  if (part) {
    RC_ASSERT(part->size() >=
              static_cast<std::size_t>(std::count(text.begin(), text.begin() + cut, '\n')));
  }
}

TEST(RealFileSystems, OfAServerWithDocker) {
  const auto found = file_systems_of(recording("mountinfo_docker"));
  EXPECT_EQ(mount_points(found, Storage::kLocal),
            (Points{"/", "/boot/efi", "/srv/my data", "/var/lib/postgresql"}));
  EXPECT_EQ(mount_points(found, Storage::kRemote), (Points{"/mnt/backup", "/mnt/photos"}));
}

TEST(RealFileSystems, OfAVirtualMachine) {
  EXPECT_EQ(mount_points(file_systems_of(recording("mountinfo_vm")), Storage::kLocal), Points{"/"});
}

TEST(RealFileSystems, TakeTheShortestMountPointOfOneFileSystem) {
  const auto found = file_systems_of(
      "1 0 0:1 / / rw - ext4 /dev/a rw\n"
      "2 1 8:1 /x /srv/long/path rw - ext4 /dev/b rw\n"
      "3 1 8:1 / /data rw - ext4 /dev/b rw\n");
  EXPECT_EQ(mount_points(found, Storage::kLocal), (Points{"/", "/data"}));
}

TEST(RealFileSystems, LeaveOutWhatLiesBeneathAnotherMount) {
  const std::string root = "1 0 0:1 / / rw - ext4 /dev/a rw\n";
  // Stacked on the same folder.
  EXPECT_EQ(mount_points(file_systems_of(root + "2 1 8:1 / /mnt rw - ext4 /dev/b rw\n"
                                                "3 2 8:2 / /mnt rw - ext4 /dev/c rw\n"),
                         Storage::kLocal),
            (Points{"/", "/mnt"}));
  // Below a folder that was covered later.
  EXPECT_EQ(mount_points(file_systems_of(root + "2 1 8:1 / /mnt/inner rw - ext4 /dev/b rw\n"
                                                "3 1 8:2 / /mnt rw - xfs /dev/c rw\n"),
                         Storage::kLocal),
            (Points{"/", "/mnt"}));
  // A child of what was covered.
  const auto found = file_systems_of(root +
                                     "2 1 8:1 / /mnt rw - ext4 /dev/b rw\n"
                                     "4 2 8:3 / /mnt/deep rw - ext4 /dev/d rw\n"
                                     "3 2 8:2 / /mnt rw - xfs /dev/c rw\n");
  EXPECT_EQ(mount_points(found, Storage::kLocal), (Points{"/", "/mnt"}));
  EXPECT_EQ(found[1].mount.source, "/dev/c");
}

TEST(RealFileSystems, SeeThroughAnAutomountThatIsMounted) {
  const auto found = file_systems_of(
      "1 0 0:1 / / rw - ext4 /dev/a rw\n"
      "2 1 0:9 / /mnt/nas rw - autofs systemd-1 rw,direct\n"
      "3 2 0:10 / /mnt/nas rw - nfs4 nas:/x rw\n");
  EXPECT_EQ(mount_points(found, Storage::kRemote), Points{"/mnt/nas"});
}

TEST(RealFileSystems, SurviveLoopsOfParents) {
  EXPECT_EQ(file_systems_of("1 2 8:1 / /a rw - ext4 /dev/a rw\n2 1 8:2 / /b rw - ext4 /dev/b rw\n")
                .size(),
            2U);
  EXPECT_EQ(file_systems_of("1 1 8:1 / / rw - ext4 /dev/a rw\n").size(), 1U);
}

TEST(RealFileSystems, TellARemountByTheKernelFromAMountThatIsReadOnly) {
  const auto of = [](const std::string& options, const std::string& super) {
    return file_systems_of("1 0 8:1 / / " + options + " - ext4 /dev/a " + super + "\n").front();
  };
  EXPECT_FALSE(of("rw", "rw").read_only);
  EXPECT_FALSE(of("rw", "rw,errors=remount-ro").remounted_read_only);
  EXPECT_TRUE(of("ro", "ro").read_only);
  EXPECT_FALSE(of("ro", "ro").remounted_read_only) << "wanted so";
  EXPECT_FALSE(of("ro", "rw").read_only) << "a sandbox, not the file system";
  EXPECT_TRUE(of("rw,relatime", "ro,errors=remount-ro").remounted_read_only);
  EXPECT_TRUE(of("rw", "rw,emergency_ro").remounted_read_only);
  EXPECT_TRUE(of("rw", "rw,shutdown").read_only);
}

TEST(RealFileSystems, NoteTheDiskThatARootOverlayWritesTo) {
  const auto found = file_systems_of(
      "1 0 0:30 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/media/rw/up,workdir=/media/rw/w\n"
      "2 1 8:1 / /media/rw rw - ext4 /dev/a rw\n"
      "3 1 8:2 / /srv rw - ext4 /dev/b rw\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(mount_points(found, Storage::kLocal), (Points{"/", "/media/rw", "/srv"}));
  EXPECT_FALSE(found[0].beneath_root);
  EXPECT_TRUE(found[1].beneath_root);
  EXPECT_FALSE(found[2].beneath_root);
}

TEST(StorageOf, KnowsWhereMemoryHoldsData) {
  const auto tmpfs = [](const std::string& mount_point, const std::string& options = "rw") {
    return storage_of({1, 0, "0:1", "/", mount_point, options, "tmpfs", "tmpfs", options});
  };
  EXPECT_EQ(tmpfs("/"), Storage::kLocal);
  EXPECT_EQ(tmpfs("/var/lib/postgresql"), Storage::kLocal);
  EXPECT_EQ(tmpfs("/runner"), Storage::kLocal) << "only begins like /run";
  for (const char* volatile_place : {"/run", "/run/user/0", "/tmp", "/dev/shm", "/sys/fs/cgroup"}) {
    EXPECT_EQ(tmpfs(volatile_place), Storage::kNone) << volatile_place;
  }
  EXPECT_EQ(tmpfs("/mnt/images", "ro"), Storage::kNone);
}

TEST(FileSystemNumbers, AreThoseOfStatvfs) {
  const auto numbers = file_system_numbers("/");
  ASSERT_TRUE(numbers);
  struct statvfs status;
  ASSERT_EQ(::statvfs("/", &status), 0);
  EXPECT_EQ(numbers->blocks, status.f_blocks);
  EXPECT_EQ(numbers->block_bytes, status.f_frsize);
  EXPECT_EQ(numbers->files, status.f_files);
}

TEST(FileSystemNumbers, FailWhereThereIsNothing) {
  EXPECT_EQ(file_system_numbers("/no/such/folder").error().code, Errc::kNotFound);
  const std::vector<std::string> paths{"/", "/no/such/folder"};
  const auto answers = file_system_numbers_apart(paths, Deadline{5s});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0]->blocks, file_system_numbers("/")->blocks);
  EXPECT_EQ(answers[1].error().code, Errc::kNotFound);
  EXPECT_TRUE(file_system_numbers_apart({}, Deadline{1s}).empty());
}

TEST(FileSystemNumbers, AskedApartLeaveNoProcessBehind) {
  const std::vector<std::string> paths(8, "/");
  (void)file_system_numbers_apart(paths, Deadline{5s});
  const auto children = read_file("/proc/thread-self/children");
  if (!children) GTEST_SKIP() << "this kernel does not list children";
  EXPECT_EQ(trim(*children), "");
}

/// A mount namespace of its own, in which nothing that is mounted reaches the others.
void enter_own_mount_namespace() {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw std::runtime_error(std::string(kDenied) + "mount namespace");
  }
}

void must_mount(const char* source, const std::string& target, const char* type,
                const std::string& options) {
  if (::mount(source, target.c_str(), type, 0, options.c_str()) != 0) {
    throw std::runtime_error(std::string(kDenied) + "mount " + type);
  }
}

/// The file system mounted at `mount_point` as seen from here and now.
FileSystem seen_at(const std::string& mount_point) {
  for (const FileSystem& each :
       file_systems_of(read_file("/proc/self/mountinfo", 1 << 22).value())) {
    if (each.mount.mount_point == mount_point) return each;
  }
  throw std::runtime_error(mount_point + " is not among the file systems");
}

/// Skips the test where the child was not permitted to set up what it needs.
#define EXPECT_CHILD_SAYS(expected, ...)                             \
  const std::string said = in_child(__VA_ARGS__);                    \
  if (said.find(kDenied) != std::string::npos) GTEST_SKIP() << said; \
  EXPECT_EQ(said, expected)

TEST(MountedForReal, ATmpfsOutOfInodes) {
  const TempFolder folder;
  const std::string target = "/srv";
  EXPECT_CHILD_SAYS("20 of 20 inodes used, bytes left", [&]() -> std::string {
    enter_own_mount_namespace();
    must_mount("tmpfs", target, "tmpfs", "size=1m,nr_inodes=20");
    for (int i = 0; i < 100; ++i) std::ofstream(target + "/" + std::to_string(i)) << "";
    const FileSystem found = seen_at(target);
    const auto numbers = file_system_numbers(found.mount.mount_point).value();
    return std::to_string(numbers.files - numbers.files_free) + " of " +
           std::to_string(numbers.files) + " inodes used, " +
           (numbers.blocks_available > 0 ? "bytes left" : "no bytes left");
  });
}

TEST(MountedForReal, AFileSystemWhoseServerNeverAnswersCostsOnlyItself) {
  const TempFolder folder;
  EXPECT_CHILD_SAYS("timeout, / answered, in time", [&]() -> std::string {
    enter_own_mount_namespace();
    // A FUSE mount whose program never reads its requests: what a dead sshfs looks like.
    const FileDescriptor fuse{::open("/dev/fuse", O_RDWR | O_CLOEXEC)};
    if (!fuse) throw std::runtime_error(std::string(kDenied) + "/dev/fuse");
    must_mount("dead", folder.path(), "fuse",
               "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0");
    if (seen_at(folder.path()).storage != Storage::kRemote) return "not taken for a FUSE mount";
    const auto before = MonotonicClock::now();
    const std::vector<std::string> paths{folder.path(), "/"};
    const auto answers = file_system_numbers_apart(paths, Deadline{300ms});
    const bool in_time = MonotonicClock::now() - before < 2s;
    ::umount2(folder.path().c_str(), MNT_DETACH);
    return std::string(!answers[0] && answers[0].error().code == Errc::kTimeout ? "timeout" : "?") +
           (answers[1] ? ", / answered" : ", / did not answer") +
           (in_time ? ", in time" : ", late");
  });
}

/// A loop device on an ext4 image of 8 MiB.
std::string make_ext4(const TempFolder& folder) {
  const std::string image = folder.path() + "/image";
  std::ofstream(image) << "";
  std::filesystem::resize_file(image, 8 << 20);
  if (run_command({"mkfs.ext4", "-q", "-F", image}).exit_code != 0) {
    throw std::runtime_error(std::string(kDenied) + "mkfs.ext4");
  }
  const auto device = run_command({"losetup", "--find", "--show", image});
  if (device.exit_code != 0) throw std::runtime_error(std::string(kDenied) + "losetup");
  return std::string(trim(device.out));
}

/// Holds the device open and has the kernel detach it when nobody uses it any more.
FileDescriptor hold_until_unused(const std::string& device) {
  FileDescriptor loop{::open(device.c_str(), O_RDWR | O_CLOEXEC)};
  loop_info64 info{};
  ::ioctl(loop.get(), LOOP_GET_STATUS64, &info);
  info.lo_flags |= LO_FLAGS_AUTOCLEAR;
  ::ioctl(loop.get(), LOOP_SET_STATUS64, &info);
  return loop;
}

TEST(MountedForReal, AnExt4ThatTheKernelMadeReadOnlyAfterAnError) {
  const TempFolder folder;
  EXPECT_CHILD_SAYS("healthy, then remounted", [&]() -> std::string {
    enter_own_mount_namespace();
    const std::string device = make_ext4(folder);
    FileDescriptor hold = hold_until_unused(device);
    const std::string target = folder.path() + "/mounted";
    ::mkdir(target.c_str(), 0700);
    must_mount(device.c_str(), target, "ext4", "errors=remount-ro");
    hold.reset();
    const FileSystem before = seen_at(target);
    // The kernel's own way to test its handling of errors, fs/ext4/sysfs.c.
    const std::string name = device.substr(device.rfind('/') + 1);
    std::ofstream("/sys/fs/ext4/" + name + "/trigger_fs_error") << "a test" << std::flush;
    const FileSystem after = seen_at(target);
    ::umount2(target.c_str(), MNT_DETACH);
    return std::string(before.read_only ? "broken" : "healthy") + ", then " +
           (after.read_only && after.remounted_read_only ? "remounted" : after.mount.super_options);
  });
}

}  // namespace
}  // namespace postflight::host
