// SPDX-License-Identifier: Apache-2.0
// The project's own files as texts, for tests that hold its rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postflight::conformance {

struct SourceFile {
  std::string path;  ///< Relative to the project's folder, with "/".
  std::string text;

  bool is_cpp() const { return path.ends_with(".cpp") || path.ends_with(".h"); }
  /// Tests, fuzz targets and what only they use.
  bool is_test() const;
  /// "rules" for src/rules/…; empty outside of src/ and for src/main.cpp.
  std::string room() const;
  /// The text without comments and without what stands in string literals: for searches for code.
  std::string code() const;
};

/// Everything that is kept under version control or could be: build folders and hidden ones left
/// out.
const std::vector<SourceFile>& source_tree();

/// The path in #include "…" of each line that has one.
std::vector<std::string> includes_of(const SourceFile& file);

/// The file under src/ with this include path, or nullptr.
const SourceFile* find_source(std::string_view include_path);

}  // namespace postflight::conformance
