// SPDX-License-Identifier: Apache-2.0
// Paths of the machine under another root, so that a tree of files can stand in for a machine.
#pragma once

#include <string>
#include <string_view>

namespace postflight::host {

/// `path` (absolute) below `root`: ("/", "/proc") is "/proc", ("/srv/tree", "/proc")
/// "/srv/tree/proc".
inline std::string under_root(std::string_view root, std::string_view path) {
  while (!root.empty() && root.back() == '/') root.remove_suffix(1);
  return std::string(root).append(path);
}

}  // namespace postflight::host
