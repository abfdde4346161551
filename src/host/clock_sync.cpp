// SPDX-License-Identifier: Apache-2.0
#include "host/clock_sync.h"

#include <fmt/format.h>
#include <sys/timex.h>

#include <cerrno>

namespace postflight::host {
namespace {

constexpr long kNoLongerCounted = 16'000'000;  // NTP_PHASE_LIMIT, include/linux/timex.h

}  // namespace

ClockState interpret_clock(int result, int status, long max_error_us) {
  const bool synchronised = max_error_us >= 0 && max_error_us < kNoLongerCounted;
  return {synchronised, static_cast<double>(max_error_us) / 1e6,
          fmt::format("state {}{}, status {:#x}{}, maxerror {} us", result,
                      result == TIME_ERROR ? " (TIME_ERROR)" : "", static_cast<unsigned>(status),
                      (status & STA_UNSYNC) != 0 ? " (STA_UNSYNC)" : "", max_error_us)};
}

Result<ClockState> read_clock_state() {
  timex request{};
  const int result = ::adjtimex(&request);
  if (result < 0) return fail_errno("adjtimex", errno);
  return interpret_clock(result, request.status, request.maxerror);
}

}  // namespace postflight::host
