// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "render/renderer.h"

namespace postflight {
namespace {

TEST(@TYPE@Renderer, NamesTheVerdict) {
  Report report;
  report.host = "vm";
  report.verdict = Verdict::critical;
  const std::string text = find_renderer("@NAME@")->render(report, {});
  EXPECT_NE(text.find("vm critical"), std::string::npos);
}

}  // namespace
}  // namespace postflight
