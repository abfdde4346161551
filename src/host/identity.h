// SPDX-License-Identifier: Apache-2.0
// Being somebody else for the length of one system call: servers ask the kernel who connected
// (SO_PEERCRED). Changes nothing but the calling thread, and goes back. Source: setresuid(2),
// unix(7), prctl(2).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"

namespace postflight::host {

/// A user and a group by number, as this machine's kernel counts them.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  bool operator==(const Identity&) const = default;
};

/// Who owns what `path` leads to, links followed. Errors: those of stat(2).
Result<Identity> owner_of(const std::string& path);

/// Has the effective user and group of `identity`, and no further groups, while it lives. The real
/// and saved ones stay, so that nobody else may signal this process.
class TemporaryIdentity {
 public:
  /// Does nothing where the caller has that user already. Errors: kDenied where it may not become
  /// that user (needs root, or CAP_SETUID and CAP_SETGID).
  static Result<TemporaryIdentity> become(Identity identity);

  TemporaryIdentity(TemporaryIdentity&& other) noexcept : before_(std::move(other.before_)) {
    other.before_.reset();
  }
  TemporaryIdentity& operator=(TemporaryIdentity&&) = delete;
  /// Goes back. Where even that fails the process ends: to go on as another user would report the
  /// wrong permissions.
  ~TemporaryIdentity();

 private:
  struct Before {
    Identity identity;
    std::vector<gid_t> groups;
    int death_signal = 0;
    int dumpable = 0;
  };
  explicit TemporaryIdentity(std::optional<Before> before) : before_(std::move(before)) {}
  static bool set(const Before& who);

  std::optional<Before> before_;
};

}  // namespace postflight::host
