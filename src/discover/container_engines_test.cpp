// SPDX-License-Identifier: Apache-2.0
#include "discover/container_engines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/testing/child_process.h"

namespace postflight {
namespace {

namespace fs = std::filesystem;
using host::testing::TempFolder;

/// A tree that stands in for the machine; a plain file does for a socket, since nobody connects.
class Machine {
 public:
  void put(const std::string& path) {
    const fs::path file = folder_.path() + path;
    fs::create_directories(file.parent_path());
    std::ofstream{file};
  }
  void link(const std::string& from, const std::string& to) {
    fs::create_directories(fs::path(folder_.path() + from).parent_path());
    fs::create_symlink(to, folder_.path() + from);
  }
  std::vector<ContainerEngine> engines() const { return find_container_engines(folder_.path()); }

 private:
  TempFolder folder_;
};

TEST(ContainerEngines, OfTheMachineComeBeforeThoseOfUsers) {
  Machine machine;
  machine.put("/run/user/1000/docker.sock");
  machine.put("/run/docker.sock");
  const std::vector<ContainerEngine> expected{{"/run/docker.sock", "docker"},
                                              {"/run/user/1000/docker.sock", "docker"}};
  EXPECT_EQ(machine.engines(), expected);
}

TEST(ContainerEngines, DockerSocketThatLeadsToPodmanIsToldOnce) {
  Machine machine;
  machine.put("/run/podman/podman.sock");
  machine.link("/run/docker.sock", "podman/podman.sock");
  const std::vector<ContainerEngine> expected{{"/run/podman/podman.sock", "podman"}};
  EXPECT_EQ(machine.engines(), expected);
}

TEST(ContainerEngines, NoneIsNoFault) {
  EXPECT_TRUE(Machine{}.engines().empty());
}

TEST(ContainerEngines, LinkToNowhereIsNoEngine) {
  Machine machine;
  machine.link("/run/docker.sock", "gone.sock");
  EXPECT_TRUE(machine.engines().empty());
}

}  // namespace
}  // namespace postflight
