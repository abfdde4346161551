// SPDX-License-Identifier: Apache-2.0
#include "host/helper_thread.h"

#include <gtest/gtest.h>

#include <atomic>

namespace postflight::host {
namespace {

TEST(HelperThread, IsThroughWhenItEnds) {
  std::atomic<int> done = 0;
  {
    const HelperThread one{[&] { ++done; }}, two{[&] { ++done; }};
  }
  EXPECT_EQ(done, 2);
}

TEST(HelperThread, LeavesProcessorsToOthers) {
  EXPECT_LE(useful_helpers(), 3u);
}

}  // namespace
}  // namespace postflight::host
