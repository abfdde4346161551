// SPDX-License-Identifier: Apache-2.0
// What an output format is: a pure function from a report to bytes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/report.h"

namespace postflight {

/// How a report is to look, as far as that is not part of the report.
struct RenderOptions {
  bool colour = false;      ///< ANSI colours; only where a person looks.
  bool verbose = false;     ///< Every fact on a line of its own, and what the tool itself cost.
  std::size_t width = 100;  ///< Columns to wrap at.
};

/// The public face of a format. One constant per format, named in renderers.list.
struct Renderer {
  std::string_view id;
  std::string_view summary;
  std::string_view extension;  ///< File name extension by which `-o FILE` chooses it, with its dot.
  std::string (*render)(const Report&, const RenderOptions&);
};

/// All formats in the order of renderers.list.
std::span<const Renderer* const> all_renderers();

/// The format with this id, or nullptr.
const Renderer* find_renderer(std::string_view id);

/// The format that a file's extension names, or nullptr.
const Renderer* renderer_for_file(std::string_view file);

}  // namespace postflight
