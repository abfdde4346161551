// SPDX-License-Identifier: Apache-2.0
// The report as one JSON document: the contract for scripts, published by `postflight schema
// report`.
#include "base/json.h"

#include "model/codec.h"
#include "render/renderer.h"

namespace postflight {
namespace {

std::string render_json(const Report& report, const RenderOptions&) {
  return dump_json_pretty(to_json(report)) + "\n";
}

}  // namespace

namespace render {

extern const Renderer json;
const Renderer json{"json", "One JSON document, the contract for scripts.", ".json", &render_json};

}  // namespace render
}  // namespace postflight
