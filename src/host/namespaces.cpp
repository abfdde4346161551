// SPDX-License-Identifier: Apache-2.0
// Finds namespaces by the links in /proc/PID/ns and enters them by setns(2).
#include "host/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>

#include "base/text.h"
#include "host/files.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::string_view kInitialPidNamespace = "pid:[4026531836]";

std::string namespace_path(const std::string& root, const std::string& pid) {
  return under_root(root, "/proc/" + pid + "/ns/net");
}

Result<std::uint64_t> namespace_of(const std::string& root, const std::string& pid) {
  PF_TRY_ASSIGN(const std::string target, read_link(namespace_path(root, pid)));
  return parse_namespace_link(target);
}

Result<FileDescriptor> open_namespace(const std::string& path) {
  FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return fail_errno("open " + path, errno);
  return fd;
}

Result<> set_namespace(const FileDescriptor& fd, std::int32_t pid) {
  if (::setns(fd.get(), CLONE_NEWNET) == 0) return {};
  return fail_errno("enter the network namespace of process " + std::to_string(pid), errno);
}

/// Names that `ip netns add` gave, by the inode of the namespace behind them.
std::map<std::uint64_t, std::string> named_namespaces(const std::string& root) {
  std::map<std::uint64_t, std::string> names;
  const std::string folder = under_root(root, "/run/netns");
  auto entries = list_folder(folder);
  if (!entries) return names;
  std::ranges::sort(*entries);
  for (const std::string& name : *entries) {
    if (const auto inode = inode_of(folder + "/" + name)) {
      names.emplace(*inode, excerpt(name, 64));
    }
  }
  return names;
}

std::string label_of(const NamespaceInfo& info, const std::string& root,
                     const std::map<std::uint64_t, std::string>& names) {
  const auto program = read_program(info.pid, root);
  if (program) {
    const std::string id = container_id_from_cgroup(program->cgroup);
    if (!id.empty()) return id;
  }
  if (const auto named = names.find(info.inode); named != names.end()) return named->second;
  return (program ? program->name : "process") + "-" + std::to_string(info.pid);
}

void label_all(std::vector<NamespaceInfo>& namespaces, const std::string& root) {
  const auto names = named_namespaces(root);
  std::set<std::string> taken;
  for (NamespaceInfo& info : namespaces) {
    info.label = label_of(info, root, names);
    // A container may make namespaces of its own: they share its id, the process tells them apart.
    if (!taken.insert(info.label).second) {
      info.label += "-" + std::to_string(info.pid);
      taken.insert(info.label);
    }
  }
  std::ranges::sort(namespaces, {}, &NamespaceInfo::label);
}

}  // namespace

Result<bool> in_initial_pid_namespace(const std::string& root) {
  PF_TRY_ASSIGN(const std::string target, read_link(under_root(root, "/proc/self/ns/pid")));
  return target == kInitialPidNamespace;
}

std::uint64_t parse_namespace_link(std::string_view target) {
  constexpr std::string_view kPrefix = "net:[";
  if (!target.starts_with(kPrefix) || !target.ends_with(']')) return 0;
  target.remove_prefix(kPrefix.size());
  target.remove_suffix(1);
  const auto inode = parse_number<std::uint64_t>(target);
  return inode ? *inode : 0;
}

std::string container_id_from_cgroup(std::string_view cgroup) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string_view id;
  for (std::size_t at = 0; (at = cgroup.find_first_of(kHex, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(cgroup.find_first_not_of(kHex, at), cgroup.size());
    if (end - at == 64) id = cgroup.substr(at, 12);
    at = end;
  }
  return std::string(id);
}

Result<NamespaceList> other_network_namespaces(const std::string& root, Deadline deadline) {
  PF_TRY_ASSIGN(const std::uint64_t own, namespace_of(root, "self"));
  PF_TRY_ASSIGN(const auto pids, list_processes(root));
  NamespaceList list;
  std::set<std::uint64_t> known{own, 0};
  for (const std::int32_t pid : pids) {
    if (deadline.passed()) {
      list.complete = false;
      break;
    }
    const auto inode = namespace_of(root, std::to_string(pid));
    if (!inode && inode.error().code == Errc::kDenied) ++list.denied;
    if (inode && known.insert(*inode).second) list.namespaces.push_back({*inode, pid, {}});
  }
  label_all(list.namespaces, root);
  return list;
}

Result<> enter_network_namespace(std::int32_t pid, const std::string& root) {
  PF_TRY_ASSIGN(const FileDescriptor fd, open_namespace(namespace_path(root, std::to_string(pid))));
  return set_namespace(fd, pid);
}

Result<NamespaceVisit> NamespaceVisit::enter(const NamespaceInfo& target, const std::string& root) {
  // The thread's own link, not the process's: they differ in a thread that has moved.
  PF_TRY_ASSIGN(FileDescriptor home, open_namespace("/proc/thread-self/ns/net"));
  PF_TRY_ASSIGN(const FileDescriptor fd,
                open_namespace(namespace_path(root, std::to_string(target.pid))));
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return fail_errno("stat a network namespace", errno);
  if (status.st_ino != target.inode) {
    return fail(Errc::kNotFound, "process " + std::to_string(target.pid) +
                                     " has left the network namespace " + target.label);
  }
  PF_TRY(set_namespace(fd, target.pid));
  return NamespaceVisit{std::move(home)};
}

Result<NamespaceVisit> NamespaceVisit::enter(std::int32_t pid, const std::string& root) {
  PF_TRY_ASSIGN(FileDescriptor home, open_namespace("/proc/thread-self/ns/net"));
  PF_TRY(enter_network_namespace(pid, root));
  return NamespaceVisit{std::move(home)};
}

NamespaceVisit::~NamespaceVisit() {
  if (home_ && ::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
}

}  // namespace postflight::host
