// SPDX-License-Identifier: Apache-2.0
// Reads /proc/PID. Whatever fails because the process is gone leaves out that process and nothing
// else.
#include "host/processes.h"

#include <algorithm>

#include "base/text.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::size_t kCommandLineLimit = 200;
constexpr std::string_view kDeleted = " (deleted)";

std::string process_folder(const std::string& root, std::int32_t pid) {
  return under_root(root, "/proc/" + std::to_string(pid));
}

/// Text for one line of a report: no line breaks or tabs either.
std::string one_line(std::string_view bytes, std::size_t limit) {
  std::string text(bytes.substr(0, limit + 4));
  const bool cut = bytes.size() > limit;
  for (char& c : text) {
    if (c == '\0' || c == '\n' || c == '\t') c = ' ';
  }
  // The blanks that stood for the closing NUL go, but "cut" must survive that.
  return cut ? excerpt(text, limit) : excerpt(trim(text), limit);
}

/// The second number of "Uid: real effective saved filesystem". There is no default: 0 would be
/// root.
Result<std::uint32_t> effective_uid(const std::string& folder) {
  PF_TRY_ASSIGN(const std::string status, read_head(folder + "/status", 4096));
  for (const std::string_view line : split(status, '\n')) {
    const auto words = split_words(line);
    if (words.size() < 3 || words[0] != "Uid:") continue;
    if (const auto uid = parse_number<std::uint32_t>(words[2])) return *uid;
  }
  return fail(Errc::kMalformed, folder + "/status tells no user id");
}

void read_executable(const std::string& folder, Program& program) {
  const auto target = read_link(folder + "/exe");
  if (!target) return;
  std::string_view path = *target;
  if (path.ends_with(kDeleted)) {
    program.executable_deleted = true;
    path.remove_suffix(kDeleted.size());
  }
  program.executable = one_line(path, 4096);
}

}  // namespace

std::string parse_cgroup(std::string_view text) {
  std::string_view systemd, unified, longest;
  for (const std::string_view line : split(text, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto path = line.substr(second + 1);
    if (controllers == "name=systemd") systemd = path;
    if (controllers.empty()) unified = path;
    if (path.size() > longest.size()) longest = path;
  }
  const auto tells = [](std::string_view path) { return path.size() > 1; };
  return one_line(tells(systemd) ? systemd : tells(unified) ? unified : longest, 4096);
}

Result<std::vector<std::int32_t>> list_processes(const std::string& root) {
  PF_TRY_ASSIGN(const auto names, list_folder(under_root(root, "/proc")));
  std::vector<std::int32_t> pids;
  for (const std::string& name : names) {
    if (name[0] < '1' || name[0] > '9') continue;
    if (const auto pid = parse_number<std::int32_t>(name)) pids.push_back(*pid);
  }
  std::ranges::sort(pids);
  return pids;
}

Result<ProcessStat> parse_process_stat(std::string_view text) {
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return fail(Errc::kMalformed, "stat names no process");
  }
  const auto words = split_words(text.substr(close + 1));  // state, parent, …
  const auto parent = words.size() < 2 ? std::nullopt : parse_number<std::int32_t>(words[1]);
  if (!parent) return fail(Errc::kMalformed, "stat names no parent");
  return ProcessStat{std::string(text.substr(open + 1, close - open - 1)), *parent};
}

Result<ProcessStat> read_process_stat(std::int32_t pid, const std::string& root) {
  PF_TRY_ASSIGN(const std::string text, read_head(process_folder(root, pid) + "/stat", 512));
  return parse_process_stat(text);
}

Result<Program> read_program(std::int32_t pid, const std::string& root) {
  const std::string folder = process_folder(root, pid);
  Program program;
  program.pid = pid;
  PF_TRY_ASSIGN(const std::string name, read_head(folder + "/comm", 64));
  PF_TRY_ASSIGN(program.uid, effective_uid(folder));
  program.name = one_line(name, 64);
  read_executable(folder, program);
  // Each of these may fail because the process has just ended; what was read before stays true.
  if (const auto line = read_head(folder + "/cmdline", 4096)) {
    program.command_line = one_line(*line, kCommandLineLimit);
  }
  if (const auto cgroup = read_head(folder + "/cgroup", 16 * 1024)) {
    program.cgroup = parse_cgroup(*cgroup);
  }
  return program;
}

}  // namespace postflight::host
