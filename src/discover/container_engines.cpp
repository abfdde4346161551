// SPDX-License-Identifier: Apache-2.0
#include "discover/container_engines.h"

#include <algorithm>
#include <set>

#include "host/files.h"
#include "host/rooted.h"

namespace postflight {
namespace {

/// Below /run, or below /run/user/UID for the engine of a user.
constexpr std::string_view kDocker = "docker.sock";
constexpr std::string_view kPodman = "podman/podman.sock";

class EngineSearch {
 public:
  explicit EngineSearch(const std::string& root) : root_(root) {}

  void look_in(const std::string& folder) {
    seen_.clear();  // inode numbers are those of one file system, and users have their own
    look_at(folder + "/" + std::string(kPodman), "podman");
    look_at(folder + "/" + std::string(kDocker), "docker");
  }

  std::vector<ContainerEngine> found;

 private:
  void look_at(const std::string& path, const char* flavour) {
    const auto inode = host::inode_of(host::under_root(root_, path));
    if (inode && seen_.insert(*inode).second) found.push_back({path, flavour});
  }

  std::string root_;
  std::set<std::uint64_t> seen_;
};

}  // namespace

std::vector<ContainerEngine> find_container_engines(const std::string& root) {
  EngineSearch search{root};
  search.look_in("/run");
  auto users = host::list_folder(host::under_root(root, "/run/user"));
  if (!users) return std::move(search.found);  // no login sessions, or not ours to see
  std::ranges::sort(*users);
  for (const std::string& uid : *users) search.look_in("/run/user/" + uid);
  return std::move(search.found);
}

}  // namespace postflight
