// SPDX-License-Identifier: Apache-2.0
#include "render/renderer.h"

#include <algorithm>

namespace postflight {

const Renderer* find_renderer(std::string_view id) {
  const auto renderers = all_renderers();
  const auto it = std::ranges::find(renderers, id, &Renderer::id);
  return it == renderers.end() ? nullptr : *it;
}

const Renderer* renderer_for_file(std::string_view file) {
  const auto renderers = all_renderers();
  const auto it = std::ranges::find_if(
      renderers, [&](const Renderer* renderer) { return file.ends_with(renderer->extension); });
  return it == renderers.end() ? nullptr : *it;
}

}  // namespace postflight
