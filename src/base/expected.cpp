// SPDX-License-Identifier: Apache-2.0
#include "base/expected.h"

#include <cerrno>
#include <system_error>

namespace postflight {

Errc errc_from_errno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM: return Errc::kDenied;
    case ENOENT:
    case ENOTDIR:
    case ESRCH: return Errc::kNotFound;
    case ETIMEDOUT:
    case EAGAIN: return Errc::kTimeout;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT: return Errc::kUnsupported;
    default: return Errc::kUnreachable;
  }
}

std::unexpected<Error> fail_errno(const std::string& what, int error_number) {
  return fail(errc_from_errno(error_number),
              what + ": " + std::generic_category().message(error_number));
}

}  // namespace postflight
