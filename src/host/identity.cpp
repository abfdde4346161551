// SPDX-License-Identifier: Apache-2.0
// The raw system calls: glibc's functions of these names change all threads, by signals.
#include "host/identity.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace postflight::host {
namespace {

constexpr auto kSame = static_cast<unsigned>(-1);

bool set_effective_user(uid_t uid) {
  return ::syscall(SYS_setresuid, kSame, uid, kSame) == 0;
}

bool set_effective_group(gid_t gid) {
  return ::syscall(SYS_setresgid, kSame, gid, kSame) == 0;
}

bool set_groups(const std::vector<gid_t>& groups) {
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

std::vector<gid_t> current_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(count > 0 ? count : 0));
  const int filled = groups.empty() ? 0 : ::getgroups(count, groups.data());
  groups.resize(static_cast<std::size_t>(filled > 0 ? filled : 0));
  return groups;
}

}  // namespace

Result<Identity> owner_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return fail_errno("stat " + path, errno);
  return Identity{status.st_uid, status.st_gid};
}

Result<TemporaryIdentity> TemporaryIdentity::become(Identity identity) {
  if (identity.uid == ::geteuid()) return TemporaryIdentity{std::nullopt};
  Before before{{::geteuid(), ::getegid()}, current_groups(), 0, ::prctl(PR_GET_DUMPABLE)};
  ::prctl(PR_GET_PDEATHSIG, &before.death_signal);
  const std::vector<gid_t> none;
  if (!set_groups(none) || !set_effective_group(identity.gid)) {
    const int error = errno;
    set_effective_group(before.identity.gid);
    set_groups(before.groups);
    return fail_errno("become group " + std::to_string(identity.gid), error);
  }
  TemporaryIdentity changed{std::move(before)};  // from here on the way back is its destructor's
  if (!set_effective_user(identity.uid)) {
    return fail_errno("become user " + std::to_string(identity.uid), errno);
  }
  // The kernel forgets this with every change of user: who waits for us must not leave us behind.
  ::prctl(PR_SET_PDEATHSIG, changed.before_->death_signal);
  return changed;
}

bool TemporaryIdentity::set(const Before& who) {
  // The user first: only root may set the others.
  if (!set_effective_user(who.identity.uid) || !set_effective_group(who.identity.gid) ||
      !set_groups(who.groups)) {
    return false;
  }
  ::prctl(PR_SET_PDEATHSIG, who.death_signal);
  if (who.dumpable == 0 || who.dumpable == 1) ::prctl(PR_SET_DUMPABLE, who.dumpable);
  return true;
}

TemporaryIdentity::~TemporaryIdentity() {
  if (before_ && !set(*before_)) std::abort();
}

}  // namespace postflight::host
