// SPDX-License-Identifier: Apache-2.0
// What the kernel knows about the accuracy of its clock. Reads only: adjtimex(2) with modes 0.
// Sources: adjtimex(2), kernel/time/ntp.c.
#pragma once

#include <string>

#include "base/expected.h"

namespace postflight::host {

/// State of the system clock.
struct ClockState {
  bool synchronised = false;
  double error_seconds = 0;  ///< Largest error that the kernel allows for; it stops counting at 16.
  std::string raw;           ///< "state 5, status 0x40 (STA_UNSYNC), maxerror 16000000 us"
};

/// What the answer of adjtimex(2) means: its result, timex.status and timex.maxerror in
/// microseconds.
///
/// Synchronised is a clock whose maximum error is below 16 s, as systemd and the kernel judge: the
/// error grows by itself until it gets there when nobody sets it, and only then the kernel raises
/// STA_UNSYNC. The flag alone says less, for chronyd without rtcsync leaves it up on a clock that
/// is right. Pure.
ClockState interpret_clock(int result, int status, long max_error_us);

/// Asks the kernel of this machine. kDenied where a sandbox forbids it.
Result<ClockState> read_clock_state();

}  // namespace postflight::host
