// SPDX-License-Identifier: Apache-2.0
#include "catalog/format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace postflight {
namespace {

constexpr std::string_view kUnknownValue = "?";
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";

/// A word or symbol in both languages.
struct Pair {
  std::string_view en;
  std::string_view ru;
  std::string_view in(Lang lang) const { return lang == Lang::ru ? ru : en; }
};

constexpr std::array<Pair, 7> kByteUnits{{{"B", "Б"},
                                          {"KiB", "КиБ"},
                                          {"MiB", "МиБ"},
                                          {"GiB", "ГиБ"},
                                          {"TiB", "ТиБ"},
                                          {"PiB", "ПиБ"},
                                          {"EiB", "ЭиБ"}}};
constexpr Pair kMilliseconds{"ms", "мс"};
constexpr Pair kSeconds{"s", "с"};
constexpr Pair kMinutes{"min", "мин"};
constexpr Pair kHours{"h", "ч"};
constexpr Pair kDays{"d", "дн."};

/// At most `decimals` of them, without trailing zeros, with a point.
std::string shortest(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string with_decimal_sign(std::string text, Lang lang) {
  if (lang == Lang::ru) {
    if (const auto point = text.find('.'); point != std::string::npos) text[point] = ',';
  }
  return text;
}

std::string with_unit(double value, int decimals, const Pair& unit, Lang lang) {
  return fmt::format("{} {}", with_decimal_sign(shortest(value, decimals), lang), unit.in(lang));
}

double rounded(double value, int decimals) {
  const double scale = decimals == 0 ? 1 : 10;
  return std::round(value * scale) / scale;
}

int percent_decimals(double percent) {
  return percent < 9.95 || (percent > 99 && percent < 100) ? 1 : 0;
}

/// "3 d 4 h", or "3 d" where the smaller part is nothing.
std::string two_units(std::uint64_t count, std::uint64_t ratio, const Pair& large,
                      const Pair& small, Lang lang) {
  std::string text = fmt::format("{} {}", count / ratio, large.in(lang));
  if (count % ratio != 0) text += fmt::format(" {} {}", count % ratio, small.in(lang));
  return text;
}

std::string long_duration(std::uint64_t seconds, Lang lang) {
  constexpr std::uint64_t kMinute = 60, kHour = 3600, kDay = 86400;
  if (seconds < kMinute) return fmt::format("{} {}", seconds, kSeconds.in(lang));
  if (seconds < kHour) return two_units(seconds, 60, kMinutes, kSeconds, lang);
  if (seconds < kDay) return two_units(seconds / kMinute, 60, kHours, kMinutes, lang);
  if (seconds < 10 * kDay) return two_units(seconds / kHour, 24, kDays, kHours, lang);
  return fmt::format("{} {}", seconds / kDay, kDays.in(lang));
}

}  // namespace

std::string format_decimal(double value, Lang lang) {
  if (!std::isfinite(value)) return std::string(kUnknownValue);
  return with_decimal_sign(shortest(value, 2), lang);
}

std::string group_digits(std::string_view digits, Lang lang) {
  const std::string_view separator = lang == Lang::ru ? kNoBreakSpace : ",";
  std::string out;
  if (digits.starts_with('-')) {
    out = "-";
    digits.remove_prefix(1);
  }
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string format_number(double value, Lang lang) {
  if (!std::isfinite(value)) return std::string(kUnknownValue);
  const std::string text = format_decimal(value, Lang::en);
  const auto whole_end = std::min(text.find('.'), text.size());
  const auto decimals = with_decimal_sign(text.substr(whole_end), lang);
  return group_digits(std::string_view(text).substr(0, whole_end), lang) + decimals;
}

std::string format_bytes(double bytes, Lang lang) {
  if (!std::isfinite(bytes)) return std::string(kUnknownValue);
  const auto decimals = [](double value, std::size_t unit) {
    return unit > 0 && std::abs(value) < 99.95 ? 1 : 0;
  };
  double value = bytes;
  std::size_t unit = 0;
  while (unit + 1 < kByteUnits.size() && std::abs(rounded(value, decimals(value, unit))) >= 1024) {
    value /= 1024;
    ++unit;
  }
  return with_unit(value, decimals(value, unit), kByteUnits[unit], lang);
}

std::string format_percent(double ratio, Lang lang) {
  if (!std::isfinite(ratio)) return std::string(kUnknownValue);
  const double percent = ratio * 100;
  if (percent > 0 && percent < 0.05) return with_decimal_sign("<0.1 %", lang);
  const double below_all = percent < 100 ? std::min(rounded(percent, 1), 99.9) : percent;
  const int decimals = percent_decimals(std::abs(percent));
  return with_decimal_sign(shortest(decimals == 1 ? below_all : percent, decimals), lang) + " %";
}

std::string format_duration(double seconds, Lang lang) {
  constexpr double kLongest = 1e15;  // keeps the conversion to whole seconds defined
  if (!std::isfinite(seconds) || std::abs(seconds) > kLongest) return std::string(kUnknownValue);
  if (seconds < 0) return "-" + format_duration(-seconds, lang);
  if (seconds == 0) return with_unit(0, 0, kSeconds, lang);
  const double milliseconds = std::round(seconds * 1000);
  if (milliseconds < 1) return fmt::format("<1 {}", kMilliseconds.in(lang));
  if (milliseconds < 1000) return with_unit(milliseconds, 0, kMilliseconds, lang);
  if (rounded(seconds, 1) < 10) return with_unit(seconds, 1, kSeconds, lang);
  // 9.97 is shown as 10, and only there is anything rounded upwards.
  return long_duration(std::max<std::uint64_t>(static_cast<std::uint64_t>(seconds), 10), lang);
}

std::size_t plural_index(std::uint64_t number, Lang lang) {
  if (lang == Lang::en) return number == 1 ? 0 : 1;
  const auto last = number % 10, last_two = number % 100;
  if (last_two >= 11 && last_two <= 14) return 2;
  if (last == 1) return 0;
  return last >= 2 && last <= 4 ? 1 : 2;
}

std::size_t plural_index(double number, Lang lang) {
  constexpr std::size_t kOtherOrFew = 1;
  constexpr double kExact = 9007199254740992.0;  // 2^53: every whole number up to here is exact
  const double shown = std::abs(std::round(number * 100) / 100);
  if (!(shown <= kExact) || shown != std::floor(shown)) return kOtherOrFew;
  return plural_index(static_cast<std::uint64_t>(shown), lang);
}

}  // namespace postflight
