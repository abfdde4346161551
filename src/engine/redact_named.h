// SPDX-License-Identifier: Apache-2.0
// Values that stand beside a name which says that they are secret: DB_PASSWORD=…, "api_key": "…",
// 'password' => '…'. The name stays.
#pragma once

#include <string>
#include <string_view>

namespace postflight {

/// True where a value under this name is a secret: db_password, X-Api-Key, requirepass. Not for
/// what merely speaks of one: password_file, password_encryption, max_tokens, proxy_pass.
bool names_a_secret(std::string_view name);

/// True where a number under this name is how many there are rather than one of them: tokens,
/// api_keys. Not for `pass` and `passwords`.
bool counts_secrets(std::string_view name);

/// True for a number of so few digits that it can be a count.
bool is_count(std::string_view value);

/// The text with the values of such names replaced, in shell, INI, YAML, JSON, PHP, XML, connection
/// strings and queries of URLs. Pure; linear but for very long runs of assignments.
std::string redact_named_values(std::string_view text);

/// The pattern without a match of which redact_named_values() changes nothing. RE2's syntax.
const char* assignment_pattern();

}  // namespace postflight
