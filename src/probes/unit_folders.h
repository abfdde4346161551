// SPDX-License-Identifier: Apache-2.0
// The folders systemd reads unit files from, as they are on disk now, which is what the next boot
// will find. Only lists folders and reads links. Source: systemd.unit(5), "Unit File Load Path".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::systemd_look {

/// A link in a folder WANTER.wants, .requires or .upholds that makes WANTER start a unit.
struct StartLink {
  std::string wanter;
  std::string path;
  bool stays = true;  ///< False in folders of /run that a boot empties.
  bool operator==(const StartLink&) const = default;
};

/// A unit's file, or the link that stands for it.
struct UnitFile {
  std::string path;
  std::string link_target;  ///< Empty for a file; /dev/null masks.
  bool operator==(const UnitFile&) const = default;
};

/// Where systemd looks where it does not say so itself, highest priority first.
std::vector<std::string> usual_unit_folders();

/// All of them, read once.
class UnitFolders {
 public:
  /// `folders` in order of priority, as the property UnitPath gives them; `root` is where they are
  /// found. A folder that is not there is normal, one that may not be read is a gap().
  static UnitFolders read(const std::string& root, const std::vector<std::string>& folders,
                          Deadline deadline);

  /// What makes others start this unit, given all its names.
  std::vector<StartLink> links_to(const std::vector<std::string>& names) const;

  /// By name, the file of the highest priority. Templates are among them.
  const std::map<std::string, UnitFile>& files() const { return files_; }

  /// Paths of the drop-ins in NAME.d for one of these names.
  std::vector<std::string> drop_ins_of(const std::vector<std::string>& names) const;

  /// Why something may be missing here; nothing where all was read.
  const std::optional<Error>& gap() const { return gap_; }

 private:
  void read_folder(const std::string& root, const std::string& folder);
  void read_links(const std::string& root, const std::string& folder, const std::string& name);

  std::map<std::string, UnitFile> files_;
  std::map<std::string, std::vector<StartLink>> links_;
  std::map<std::string, std::vector<std::string>> drop_ins_;
  std::optional<Error> gap_;
};

/// "foo@bar.service" as "foo@.service"; empty where it is no instance. Pure.
std::string template_of(std::string_view unit);

/// "service", "timer", …: what stands behind the last dot. Pure.
std::string_view unit_type(std::string_view unit);

}  // namespace postflight::systemd_look
