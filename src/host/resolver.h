// SPDX-License-Identifier: Apache-2.0
// Names to addresses by asking the machine's own resolver files and servers. The only place that
// resolves: the C library and libcurl overrun any limit behind a silent server, c-ares does not.
// Source: RFC 1035, resolv.conf(5), hosts(5); c-ares 1.18.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// Whom to ask; as it stands, whom the machine asks.
struct ResolveOptions {
  /// "127.0.0.1:5353,192.0.2.1": ask these servers, and no hosts file. Empty: as the machine does.
  std::string servers;
  /// Another resolv.conf, such as a container's under /proc/PID/root. Empty: the machine's.
  std::string resolv_conf;
};

/// All IPv4 and IPv6 addresses of `name`, IPv4 first, sorted, without repetition. A numeric address
/// is its own answer. Errors: kNotFound (no such name, or one without an address), kTimeout (no
/// server answered in time), kUnreachable (SERVFAIL, REFUSED, or nobody listens at the server),
/// kMalformed (no possible name, or an answer that is no DNS), kUnsupported (c-ares cannot be set
/// up).
Result<std::vector<std::string>> resolve(const std::string& name, Deadline deadline,
                                         const ResolveOptions& options = {});

}  // namespace postflight::host
