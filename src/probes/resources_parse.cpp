// SPDX-License-Identifier: Apache-2.0
// The pure half of the probe: texts and numbers of the kernel in, values out. Touches nothing.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/text.h"
#include "host/mounts.h"
#include "probes/resources.h"

namespace postflight {
namespace {

constexpr std::uint64_t kLargestKilobytes = std::numeric_limits<std::uint64_t>::max() / 1024 / 16;

/// A decimal number that is not negative, infinite or absurd.
std::optional<double> parse_measure(std::string_view text) {
  const auto value = parse_number<double>(text);
  if (!value || !std::isfinite(*value) || *value < 0) return std::nullopt;
  return value;
}

/// Rows "Name:   123 kB", in bytes. Rows of another form are passed over.
std::map<std::string_view, std::uint64_t> kilobyte_rows(std::string_view text) {
  std::map<std::string_view, std::uint64_t> rows;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.size() != 3 || words[2] != "kB" || !words[0].ends_with(':')) continue;
    const auto number = parse_number<std::uint64_t>(words[1]);
    if (number && *number <= kLargestKilobytes) {
      rows.emplace(words[0].substr(0, words[0].size() - 1), *number * 1024);
    }
  }
  return rows;
}

/// avg60 of "some avg10=0.00 avg60=1.50 avg300=0.12 total=123", as a part of one.
std::optional<double> average_of_minute(const std::vector<std::string_view>& words) {
  for (const std::string_view word : words) {
    if (!word.starts_with("avg60=")) continue;
    const auto percent = parse_measure(word.substr(6));
    if (percent && *percent <= 100) return *percent / 100;
  }
  return std::nullopt;
}

/// used / (used + available) in whole percent, rounded up, as coreutils' df.c does it.
double df_ratio(std::uint64_t used, std::uint64_t available) {
  __extension__ typedef unsigned __int128 Wide;  // used * 100 may not fit into 64 bits
  const Wide all = Wide{used} + available;
  if (all == 0) return 1;  // nothing can be written
  const Wide percent = (Wide{used} * 100 + all - 1) / all;
  return static_cast<double>(static_cast<std::uint64_t>(percent)) / 100;
}

bool fits(std::uint64_t blocks, std::uint64_t block_bytes) {
  return blocks == 0 || block_bytes <= std::numeric_limits<std::uint64_t>::max() / blocks;
}

/// "6.1.0-18-amd64" as its numbers {6, 1, 0, 18, 64} and its letters "amd".
std::pair<std::vector<std::uint64_t>, std::string> numbers_and_letters(std::string_view release) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::uint64_t> numbers;
  std::string letters;
  for (std::size_t i = 0; i < release.size();) {
    std::size_t end = i;
    while (end < release.size() && is_digit(release[end])) ++end;
    if (const auto number = parse_number<std::uint64_t>(release.substr(i, end - i))) {
      numbers.push_back(*number);
    } else if (std::string_view(".-_+~").find(release[i]) == std::string_view::npos) {
      letters += release[i];
    }
    i = std::max(end, i + 1);
  }
  return {numbers, letters};
}

std::string unquote(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  if (quoted) value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

}  // namespace

Result<MemoryTable> parse_meminfo(std::string_view text) {
  const auto rows = kilobyte_rows(text);
  MemoryTable table;
  const std::array<std::pair<std::string_view, std::uint64_t*>, 4> wanted{
      {{"MemTotal", &table.total},
       {"MemFree", &table.free},
       {"SwapTotal", &table.swap_total},
       {"SwapFree", &table.swap_free}}};
  for (const auto& [name, place] : wanted) {
    const auto row = rows.find(name);
    if (row == rows.end()) return fail(Errc::kMalformed, fmt::format("meminfo has no {}", name));
    *place = row->second;
  }
  for (const std::string_view name : {"Buffers", "Cached", "SReclaimable"}) {
    if (const auto row = rows.find(name); row != rows.end()) table.cache += row->second;
  }
  if (const auto row = rows.find("MemAvailable"); row != rows.end()) table.available = row->second;
  const bool possible = table.total > 0 && table.free <= table.total &&
                        table.swap_free <= table.swap_total &&
                        (!table.available || *table.available <= table.total);
  if (!possible) return fail(Errc::kMalformed, "the numbers in meminfo contradict each other");
  return table;
}

Result<LoadAverage> parse_loadavg(std::string_view text) {
  const auto words = split_words(trim(text));
  if (words.size() < 5) return fail(Errc::kMalformed, "loadavg: " + excerpt(text, 60));
  const auto load1 = parse_measure(words[0]);
  const auto load5 = parse_measure(words[1]);
  const auto load15 = parse_measure(words[2]);
  const auto slash = words[3].find('/');
  const auto tasks = slash == std::string_view::npos
                         ? std::nullopt
                         : parse_number<std::uint64_t>(words[3].substr(slash + 1));
  if (!load1 || !load5 || !load15 || !tasks) {
    return fail(Errc::kMalformed, "loadavg: " + excerpt(text, 60));
  }
  return LoadAverage{*load1, *load5, *load15, *tasks};
}

Result<Pressure> parse_pressure(std::string_view text) {
  std::optional<double> some, full;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.empty()) continue;
    if (words[0] == "some") some = average_of_minute(words);
    if (words[0] == "full") full = average_of_minute(words);
  }
  if (!some) return fail(Errc::kMalformed, "pressure: " + excerpt(text, 60));
  return Pressure{*some, full};
}

Result<std::uint32_t> count_cpu_list(std::string_view text) {
  const auto malformed = [&] {
    return fail(Errc::kMalformed, "list of CPUs: " + excerpt(text, 60));
  };
  constexpr std::uint32_t kMostCpus = 1 << 20;
  std::uint32_t count = 0;
  for (const std::string_view part : split(trim(text), ',')) {
    const auto dash = part.find('-');
    const auto first = parse_number<std::uint32_t>(part.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint32_t>(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kMostCpus) return malformed();
    count += *last - *first + 1;
    if (count > kMostCpus) return malformed();
  }
  if (count == 0) return malformed();
  return count;
}

Result<std::uint64_t> parse_uptime(std::string_view text) {
  constexpr double kLongest = 1e12;
  const auto words = split_words(trim(text));
  const auto seconds = words.size() == 2 ? parse_measure(words[0]) : std::nullopt;
  if (!seconds || *seconds > kLongest) {
    return fail(Errc::kMalformed, "uptime: " + excerpt(text, 60));
  }
  return static_cast<std::uint64_t>(*seconds);
}

Result<OpenFileTable> parse_file_nr(std::string_view text) {
  const auto words = split_words(trim(text));
  if (words.size() == 3) {
    const auto allocated = parse_number<std::uint64_t>(words[0]);
    const auto unused = parse_number<std::uint64_t>(words[1]);
    const auto max = parse_number<std::uint64_t>(words[2]);
    if (allocated && unused && max && *unused <= *allocated && *max > 0) {
      return OpenFileTable{*allocated - *unused, *max};
    }
  }
  return fail(Errc::kMalformed, excerpt(text, 60));
}

Result<std::uint64_t> parse_counter(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.empty() || words[0] != name) continue;
    const auto value = words.size() == 2 ? parse_number<std::uint64_t>(words[1]) : std::nullopt;
    if (!value) return fail(Errc::kMalformed, excerpt(line, 60));
    return *value;
  }
  return fail(Errc::kNotFound, fmt::format("there is no {}", name));
}

Result<std::uint64_t> parse_arcstats(std::string_view text) {
  std::optional<std::uint64_t> size, least;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);  // name, type, data
    if (words.size() != 3) continue;
    if (words[0] == "size") size = parse_number<std::uint64_t>(words[2]);
    if (words[0] == "c_min") least = parse_number<std::uint64_t>(words[2]);
  }
  if (!size || !least) return fail(Errc::kMalformed, "arcstats has no size or no c_min");
  return *size > *least ? *size - *least : 0;
}

Result<std::string> parse_os_release(std::string_view text, std::string_view name) {
  std::optional<std::string> value;  // of two, the later one counts, as in a shell
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with('=')) continue;
    value = unquote(trim(line.substr(name.size() + 1)));
  }
  if (!value || value->empty()) return fail(Errc::kNotFound, fmt::format("there is no {}", name));
  return excerpt(*value, 100);
}

std::string zone_from_link(std::string_view target) {
  constexpr std::string_view kFolder = "zoneinfo/";
  const auto at = target.find(kFolder);
  if (at == std::string_view::npos) return "";
  std::string_view zone = target.substr(at + kFolder.size());
  for (const std::string_view variant : {"posix/", "right/"}) {
    if (zone.starts_with(variant)) zone.remove_prefix(variant.size());
  }
  return excerpt(zone, 60);
}

std::optional<OomKill> parse_oom_kill(std::string_view message) {
  constexpr std::string_view kKilled = "Killed process ";
  const bool of_cgroup = message.starts_with("Memory cgroup out of memory");
  // The kernel's line begins so; a process cannot call itself more than 15 bytes of it.
  const bool known =
      of_cgroup || message.starts_with("Out of memory") || message.starts_with(kKilled);
  const auto at = message.find(kKilled);
  if (!known || at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = message.substr(at + kKilled.size());
  const auto open = rest.find('(');
  if (open == std::string_view::npos) return std::nullopt;
  // "4242 (postgres)", and with the cgroup limits of Linux before 4.19 "4242, UID 0, (postgres)".
  const auto pid = parse_number<std::int32_t>(rest.substr(0, rest.find_first_of(" ,(")));
  // The name may hold brackets itself.
  auto close = rest.find(") total-vm:", open);
  if (close == std::string_view::npos) close = rest.rfind(')');
  const bool named = close != std::string_view::npos && close > open + 1;
  if (!pid || *pid <= 0 || !named) return std::nullopt;
  return OomKill{"", excerpt(rest.substr(open + 1, close - open - 1), 64), *pid, of_cgroup, ""};
}

std::string parse_oom_cgroup(std::string_view message, std::int32_t pid) {
  if (!message.starts_with("oom-kill:")) return "";
  std::string_view cgroup;
  bool is_about_it = false;
  for (const std::string_view field : split(message.substr(9), ',')) {
    if (field.starts_with("task_memcg=")) cgroup = field.substr(11);
    if (field.starts_with("pid=")) {
      is_about_it = parse_number<std::int32_t>(field.substr(4)) == std::optional{pid};
    }
  }
  return is_about_it ? excerpt(cgroup, 300) : "";
}

Result<std::string> parse_kernel_release(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~-";
  const std::string_view release = trim(text);
  if (release.empty() || release.size() > 64 || release.starts_with('.') ||
      release.find_first_not_of(kLetters) != std::string_view::npos) {
    return fail(Errc::kMalformed, "no release of a kernel: " + excerpt(release, 40));
  }
  return std::string(release);
}

bool is_newer_kernel(std::string_view candidate, std::string_view running) {
  const auto [their_numbers, their_letters] = numbers_and_letters(candidate);
  const auto [our_numbers, our_letters] = numbers_and_letters(running);
  return !our_numbers.empty() && their_letters == our_letters && their_numbers > our_numbers;
}

Result<SpaceUse> space_use(const host::FileSystemNumbers& n) {
  const bool possible = n.block_bytes > 0 && n.blocks_free <= n.blocks && n.files_free <= n.files &&
                        fits(n.blocks, n.block_bytes) && fits(n.blocks_available, n.block_bytes);
  if (!possible) {
    return fail(Errc::kMalformed, "the file system's numbers contradict each other");
  }
  const std::uint64_t used = n.blocks - n.blocks_free;
  const std::uint64_t inodes_used = n.files - n.files_free;
  return SpaceUse{n.blocks * n.block_bytes,
                  used * n.block_bytes,
                  n.blocks_available * n.block_bytes,
                  df_ratio(used, n.blocks_available),
                  n.files,
                  inodes_used,
                  n.files == 0 ? 0 : df_ratio(inodes_used, n.files_free)};
}

}  // namespace postflight
