// SPDX-License-Identifier: Apache-2.0
// Network namespaces of the machine: which there are besides our own, what to call them, and how to
// look around in one. Entering changes nothing but where the calling thread's next sockets are
// made. Source: namespaces(7), network_namespaces(7), setns(2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "host/file_descriptor.h"

namespace postflight::host {

/// A network namespace in which at least one process lives.
struct NamespaceInfo {
  std::uint64_t inode = 0;  ///< Of the namespace, as in "net:[4026531840]".
  std::int32_t pid = 0;     ///< Its process with the lowest id, in a container usually the first.
  std::string label;        ///< Unique among those returned; printable.
};

struct NamespaceList {
  std::vector<NamespaceInfo> namespaces;  ///< Other than our own, sorted by label.
  /// How many processes did not let us see in which namespace they are: there may be more
  /// namespaces.
  std::uint32_t denied = 0;
  bool complete = true;  ///< False where the deadline passed first.
};

/// Network namespaces other than the caller's. The label is the container's id (12 digits, as
/// Docker and Podman print it) where the cgroup tells one, else the name under /run/netns, else
/// "COMM-PID". Namespaces without any process are not seen: nobody can listen there. Errors:
/// kDenied or kNotFound where `root`/proc cannot be read.
Result<NamespaceList> other_network_namespaces(const std::string& root, Deadline deadline);

/// Moves the calling thread into the network namespace of the process `pid`. Sockets that are
/// already open stay where they are. There is no way back: meant for a forked task that ends
/// afterwards. Errors: kDenied (needs CAP_SYS_ADMIN here and in the user namespace that owns the
/// target), kNotFound where the process is gone.
Result<> enter_network_namespace(std::int32_t pid, const std::string& root = "/");

/// A stay in another network namespace with a way back. Not for a process with other threads at
/// work.
class NamespaceVisit {
 public:
  /// Enters as enter_network_namespace() does, but only where the namespace is still the one in
  /// `target`: process ids are used again. Errors: also kNotFound where it is another.
  static Result<NamespaceVisit> enter(const NamespaceInfo& target, const std::string& root = "/");

  /// Enters that of the process `pid`, whichever it is by now.
  static Result<NamespaceVisit> enter(std::int32_t pid, const std::string& root = "/");

  NamespaceVisit(NamespaceVisit&&) noexcept = default;
  NamespaceVisit& operator=(NamespaceVisit&&) noexcept = delete;
  /// Goes back. Where even that fails (nothing but a kernel fault or lost permission), the process
  /// ends: to go on looking from the wrong place would report another machine's truth.
  ~NamespaceVisit();

 private:
  explicit NamespaceVisit(FileDescriptor home) : home_(std::move(home)) {}
  FileDescriptor home_;
};

/// Whether this system has the kernel for itself: false in a container, whose pid namespace is not
/// the machine's first one. The kernel's counters, its log and its clock are then not this
/// system's alone. Source: PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h. Errors: those
/// of read_link().
Result<bool> in_initial_pid_namespace(const std::string& root = "/");

/// The inode in "net:[4026531840]", the target of /proc/PID/ns/net, or 0. Pure.
std::uint64_t parse_namespace_link(std::string_view target);

/// The first 12 digits of the container id in a cgroup path: the last run of 64 hexadecimal digits,
/// as Docker, Podman, containerd and CRI-O write it ("/docker/ID", "/system.slice/docker-ID.scope",
/// "/machine.slice/libpod-ID.scope", "/kubepods/…/ID"). Empty where there is none. Pure.
std::string container_id_from_cgroup(std::string_view cgroup);

}  // namespace postflight::host
