// SPDX-License-Identifier: Apache-2.0
// Host names as a user writes them. Pure; nothing is resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postflight {

/// True for a host name: labels of letters, digits and inner hyphens (RFC 1123, section 2.1; RFC
/// 1035, section 2.3.4 for the lengths), or of letters beyond ASCII (an internationalised name
/// before RFC 5891 turns it into xn--). An IPv4 address is no name.
bool is_host_name(std::string_view text);

/// The host name in a URL, in name:port, or in a name with a final dot; nothing if there is none.
std::optional<std::string> host_name_in(std::string_view text);

}  // namespace postflight
