// SPDX-License-Identifier: Apache-2.0
// The kernel's own log, as far as its ring buffer reaches back. Reads only; every reader of
// /dev/kmsg has a place of its own in it, so nobody else misses a line because of us. Source:
// Documentation/ABI/testing/dev-kmsg of the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// One message of the kernel.
struct KernelMessage {
  std::uint64_t microseconds = 0;  ///< Since the machine's start.
  std::string text;                ///< Printable, one line.
  bool operator==(const KernelMessage&) const = default;
};

/// Reads one record, "6,339,5140900,-;text". Nothing where it has another form, and for records
/// that a program wrote (facility other than 0): only the kernel's word counts here. Pure.
std::optional<KernelMessage> parse_kernel_record(std::string_view record);

/// What was found in the log.
struct KernelLog {
  std::vector<KernelMessage> messages;  ///< Those wanted, oldest first; the newest 200 of them.
  std::optional<std::uint64_t> oldest_microseconds;  ///< Of all records, wanted or not.
  bool complete = true;  ///< False where the deadline passed before the end.
};

/// Reads the log at `path` and keeps the messages that contain one of `wanted`.
/// Errors: kDenied without CAP_SYSLOG where kernel.dmesg_restrict is 1, kNotFound where there is
/// none.
Result<KernelLog> read_kernel_log(const std::string& path, std::span<const std::string_view> wanted,
                                  Deadline deadline);

/// When a message was written, told by the wall clock of now. The kernel's own count stands still
/// while the machine is suspended, so that the time is too late by that much.
WallTime wall_time_of(const KernelMessage& message);

}  // namespace postflight::host
