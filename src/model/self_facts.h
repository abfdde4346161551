// SPDX-License-Identifier: Apache-2.0
// What a run knows of itself: the facts of the pseudo-component `self`.
#pragma once

#include <vector>

#include "model/component.h"
#include "model/observed.h"

namespace postflight {

struct SelfFacts {
  Fact<std::vector<TaskRecord>> tasks;
};
// clang-format off
PF_DESCRIBE(SelfFacts,
  (tasks, "What each task cost and how it ended."))
// clang-format on

}  // namespace postflight
