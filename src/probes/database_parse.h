// SPDX-License-Identifier: Apache-2.0
// Reads texts that a database's settings hold. Pure; any bytes may come. Source: PostgreSQL's
// SplitIdentifierString() (varlena.c) for lists of names, array_in() (arrayfuncs.c) for arrays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postflight::database {

/// The schemas that a value of search_path names for `role`, in order, "$user" replaced. What
/// PostgreSQL would refuse ends the list there.
std::vector<std::string> parse_search_path(std::string_view text, const std::string& role);

/// The values as the literal of an array: {"a","b\"c"}.
std::string array_literal(const std::vector<std::string>& values);

/// True for a name that somebody has to resolve: no numeric address, no path of a socket, not
/// localhost.
bool is_host_name(std::string_view host);

/// Estimated rows of a table that has `pages` pages now, from what pg_class says of the last count;
/// -1 where nothing is known. plancat.c, estimate_rel_size().
std::int64_t estimate_rows(double reltuples, std::uint64_t relpages, std::uint64_t pages);

}  // namespace postflight::database
