// SPDX-License-Identifier: Apache-2.0
// What starts a unit at the next boot: follows what wants it, upwards, to the default target. Links
// on disk decide, because they are what a boot reads; a dependency that only the running systemd
// knows counts where a file says so, too. Source: systemd.unit(5), bootup(7).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/expected.h"
#include "base/json.h"
#include "probes/unit.h"
#include "probes/unit_folders.h"

namespace postflight::systemd_look {

/// How a unit comes up, nearest step first: "multi-user.target: /etc/…/nginx.service".
struct BootWay {
  BootStart start = BootStart::never;
  std::vector<std::string> steps;
  bool operator==(const BootWay&) const = default;
};

/// Properties of D-Bus that the search reads of each unit on its way.
std::vector<std::string_view> boot_properties();

/// Answers for many units; remembers what it has learned about those above them.
class BootWays {
 public:
  using Ask = std::function<Result<Json>(const std::string& unit)>;
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;

  BootWays(const UnitFolders& folders, std::string default_target, Ask ask, ReadFile read)
      : folders_(folders),
        default_target_(std::move(default_target)),
        ask_(std::move(ask)),
        read_(std::move(read)) {}

  /// The way of a unit with these properties. Errors: those of asking about units above it, and of
  /// reading the folders, where without the answer it would be "never".
  Result<BootWay> way_of(const std::string& unit, const Json& properties);

 private:
  struct Edge {
    std::string from;  ///< The unit above.
    std::string why;   ///< The link; empty where a file of `from` has to say it.
    bool is_trigger = false;
  };
  struct Step {
    std::string unit;
    BootStart start;
    std::vector<std::string> steps;
    std::string unproven;  ///< The unit below that a file of this one must name; mostly empty.
  };
  const Result<Json>& properties_of(const std::string& unit);
  std::vector<Edge> edges_of(const std::string& unit, const Json& properties);
  std::optional<std::string> file_that_names(const std::string& parent, const std::string& unit);
  bool is_proven(Step& step);
  Result<BootWay> search(const std::string& unit, bool with_triggers);

  const UnitFolders& folders_;
  std::string default_target_;
  Ask ask_;
  ReadFile read_;
  std::map<std::string, Result<Json>> known_;
  std::map<std::string, BootWay> booting_;  ///< Units already found to start at boot.
};

}  // namespace postflight::systemd_look
