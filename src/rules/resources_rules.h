// SPDX-License-Identifier: Apache-2.0
// What the two halves of the family share. Pure; included by resources*.cpp of this folder only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "probes/resources.h"
#include "rules/family.h"

namespace postflight::rules::resources_rules {

inline constexpr double kGiB = 1024.0 * 1024 * 1024;

/// How far a measure has gone beyond its limits.
enum class Degree { none, warning, critical };

inline Severity severity_of(Degree degree) {
  return degree == Degree::critical ? Severity::critical : Severity::warning;
}

inline Degree degree_of(double used, double warning_from, double critical_from) {
  if (used >= critical_from) return Degree::critical;
  return used >= warning_from ? Degree::warning : Degree::none;
}

/// 1 or 0: chooses between the two texts of {flag|text|other text}.
inline int flag(bool value) {
  return value ? 1 : 0;
}

/// "2026-01-12T09:30:00.123Z" as "2026-01-12 09:30:00 UTC"; as it is where it is no such time.
inline std::string readable_time(const std::string& rfc3339) {
  if (!parse_rfc3339(rfc3339) || rfc3339.size() < 19) return rfc3339;
  return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 8) + " UTC";
}

/// True where `time` lies at most a day before the run began, or cannot be told.
inline bool is_recent(const std::string& time, const JudgeContext& context) {
  const auto then = parse_rfc3339(time);
  const auto run = parse_rfc3339(context.document.started_at);
  return !then || !run || *run - *then <= std::chrono::hours{24};
}

// The rules about file systems, resources_disks.cpp.
Verdicts disk_full(const ResourcesFacts& f, const JudgeContext& c);
Verdicts inodes_full(const ResourcesFacts& f, const JudgeContext& c);
Verdicts file_system_read_only(const ResourcesFacts& f, const JudgeContext& c);
Verdicts file_system_errors(const ResourcesFacts& f, const JudgeContext& c);
Verdicts mount_not_answering(const ResourcesFacts& f, const JudgeContext& c);

}  // namespace postflight::rules::resources_rules
