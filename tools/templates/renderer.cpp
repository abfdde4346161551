// SPDX-License-Identifier: Apache-2.0
// The report as @NAME@. Pure.
#include <fmt/format.h>

#include "model/codec.h"
#include "render/renderer.h"

namespace postflight {
namespace {

std::string render_@NAME@(const Report& report, const RenderOptions&) {
  std::string out = fmt::format("{} {}\n", report.host, enum_name(report.verdict));
  for (const ReportedFinding& finding : report.findings) {
    out += fmt::format("{} {} {}\n", enum_name(finding.severity), finding.id, finding.problem);
  }
  return out;
}

}  // namespace

namespace render {

extern const Renderer @NAME@;
const Renderer @NAME@{"@NAME@", "The report as @NAME@.", ".@NAME@", &render_@NAME@};

}  // namespace render
}  // namespace postflight
