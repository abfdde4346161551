// SPDX-License-Identifier: Apache-2.0
// Numbers as a reader of each language expects them. Pure; no C locale. Values that are not finite
// give
// "?". Sources: IEC 80000-13 (binary prefixes), GOST 8.417 (Russian symbols), Unicode CLDR
// (plurals).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/report.h"

namespace postflight {

/// At most two decimals, no trailing zeros, no grouping: "1.5", in Russian "1,5".
std::string format_decimal(double value, Lang lang);

/// A whole decimal number in groups of three: "1,234,567", in Russian with no-break spaces
/// (U+00A0). `digits` may begin with a minus sign.
std::string group_digits(std::string_view digits, Lang lang);

/// Grouped, at most two decimals.
std::string format_number(double value, Lang lang);

/// Grouped.
template <std::integral T>
std::string format_number(T value, Lang lang) {
  return group_digits(std::to_string(value), lang);
}

/// Binary prefixes, one decimal below 100: "512 B", "1.5 GiB", "1,5 ГиБ".
std::string format_bytes(double bytes, Lang lang);

/// A part of one as a percentage: "95 %". One decimal below 10 and between 99 and 100, so that "100
/// %" means all of it; more than nothing is at least "<0.1 %".
std::string format_percent(double ratio, Lang lang);

/// Seconds in the one or two largest units that say something: "350 ms", "1.5 s", "12 min 5 s",
/// "3 d 4 h", "63 d"; "3 дн. 4 ч". From ten seconds on, what does not fit is cut, not rounded.
std::string format_duration(double seconds, Lang lang);

/// Which word goes with a whole number: in English 0 (one) or 1 (other), in Russian 0 (one), 1
/// (few) or 2 (many). The index into the forms {n|база|базы|баз}.
std::size_t plural_index(std::uint64_t number, Lang lang);

/// The same for a number with decimals as format_decimal shows it: 1.5 is "databases" and «базы».
std::size_t plural_index(double number, Lang lang);

}  // namespace postflight
