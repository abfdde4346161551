// SPDX-License-Identifier: Apache-2.0
#include "host/clock_sync.h"

#include <gtest/gtest.h>
#include <sys/timex.h>

namespace postflight::host {
namespace {

TEST(InterpretClock, GoesByTheErrorThatTheKernelAllowsFor) {
  EXPECT_TRUE(interpret_clock(TIME_OK, STA_PLL, 17'288).synchronised);
  EXPECT_FALSE(interpret_clock(TIME_ERROR, STA_UNSYNC, 16'000'000).synchronised);
  EXPECT_TRUE(interpret_clock(TIME_OK, STA_PLL, 15'999'999).synchronised);
  EXPECT_FALSE(interpret_clock(TIME_OK, 0, -1).synchronised) << "no such error can be";
}

TEST(InterpretClock, TakesChronyWithoutRtcsyncForWhatItIs) {
  // sys_timex.c of chrony: the flag stays up, only the error goes down.
  EXPECT_TRUE(interpret_clock(TIME_ERROR, STA_UNSYNC, 17'288).synchronised);
}

TEST(InterpretClock, SaysWhatItRead) {
  const ClockState clock = interpret_clock(5, 0x40, 16'000'000);
  EXPECT_EQ(clock.raw, "state 5 (TIME_ERROR), status 0x40 (STA_UNSYNC), maxerror 16000000 us");
  EXPECT_DOUBLE_EQ(clock.error_seconds, 16.0);
}

TEST(ReadClockState, AgreesWithTheKernel) {
  const auto clock = read_clock_state();
  ASSERT_TRUE(clock) << clock.error().what;
  timex now{};
  ASSERT_GE(::adjtimex(&now), 0);
  EXPECT_EQ(clock->synchronised, now.maxerror < 16'000'000);
  EXPECT_NEAR(clock->error_seconds, static_cast<double>(now.maxerror) / 1e6, 1.0);
}

}  // namespace
}  // namespace postflight::host
