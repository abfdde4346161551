// SPDX-License-Identifier: Apache-2.0
#include "host/process_memory.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "host/files.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::int32_t kFirstProcess = 1;

/// "1234 kB" in bytes; 0 where there is no such number.
std::uint64_t kilobytes(std::string_view value) {
  const auto words = split_words(value);
  const auto number = words.empty() ? std::nullopt : parse_number<std::uint64_t>(words[0]);
  return number && *number < (UINT64_C(1) << 53) ? *number * 1024 : 0;
}

/// Sums of one name while they grow.
struct Tally {
  std::uint32_t processes = 0;
  std::uint64_t anonymous = 0;
  std::uint64_t largest_anonymous = 0;
  std::uint64_t largest_shared = 0;
  std::int32_t largest_pid = 0;

  void add(std::int32_t pid, const ProcessMemory& memory) {
    ++processes;
    anonymous += memory.anonymous_bytes;
    largest_shared = std::max(largest_shared, memory.shared_memory_bytes);
    if (largest_pid != 0 && memory.anonymous_bytes <= largest_anonymous) return;
    largest_anonymous = memory.anonymous_bytes;
    largest_pid = pid;
  }
};

}  // namespace

Result<ProcessMemory> parse_process_status(std::string_view text) {
  ProcessMemory memory;
  for (const std::string_view line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    // The first one is the kernel's; a name cannot forge lines, its newlines are escaped.
    if (key == "Name" && memory.name.empty()) memory.name = excerpt(value, 64);
    if (key == "RssAnon") memory.anonymous_bytes = kilobytes(value);
    if (key == "RssShmem") memory.shared_memory_bytes = kilobytes(value);
  }
  if (memory.name.empty()) return fail(Errc::kMalformed, "status names no process");
  return memory;
}

Result<ProcessSurvey> survey_processes(const std::string& root, Deadline deadline) {
  PF_TRY_ASSIGN(const auto pids, list_processes(root));
  ProcessSurvey survey;
  std::map<std::string, Tally> tallies;
  bool saw_first = false;
  for (const std::int32_t pid : pids) {
    if (deadline.passed()) {
      survey.complete = false;
      break;
    }
    const auto text = read_head(under_root(root, "/proc/" + std::to_string(pid) + "/status"), 4096);
    const auto memory = text ? parse_process_status(*text) : std::unexpected(text.error());
    if (!memory) continue;  // it has ended, or is hidden from us
    saw_first = saw_first || pid == kFirstProcess;
    tallies[memory->name].add(pid, *memory);
  }
  if (tallies.empty() && !survey.complete) {
    return fail(Errc::kTimeout, "no time was left to read " + under_root(root, "/proc"));
  }
  if (tallies.empty()) {
    return fail(Errc::kUnreachable, under_root(root, "/proc") + " shows no process");
  }
  survey.hidden = !saw_first && survey.complete;
  for (const auto& [name, tally] : tallies) {
    survey.programs.push_back(
        {name, tally.processes, tally.anonymous + tally.largest_shared, tally.largest_pid});
  }
  std::ranges::sort(survey.programs, [](const ProgramMemory& a, const ProgramMemory& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  return survey;
}

}  // namespace postflight::host
