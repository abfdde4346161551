// SPDX-License-Identifier: Apache-2.0
// Passwords inside URLs: scheme://user:password@host. The user name, the host and the rest stay,
// but where a user name alone is usually the password (redis://x@host).
#pragma once

#include <string>
#include <string_view>

namespace postflight {

/// The text with the password of every URL replaced (RFC 3986 section 3.2.1). Also finds passwords
/// that hold `/`, `?`, `#` or `@` unescaped, as people write them, and one that an excerpt cut off
/// ("…") before its `@`. Pure, linear.
std::string redact_urls(std::string_view text);

}  // namespace postflight
