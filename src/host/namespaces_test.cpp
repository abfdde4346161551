// SPDX-License-Identifier: Apache-2.0
// Against namespaces made for the test; those parts need root.
#include "host/namespaces.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/files.h"
#include "host/sock_diag.h"
#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

namespace fs = std::filesystem;
using testing::in_child;
using testing::WaitingChild;

Deadline soon() {
  return Deadline{Duration{5000}};
}

void isolate() {
  if (!testing::enter_fresh_network_namespace()) throw std::runtime_error("needs root");
}

/// A child in a network namespace of its own, with this name.
WaitingChild isolated_child(const char* name) {
  return WaitingChild{[name] {
    isolate();
    ::prctl(PR_SET_NAME, name);
  }};
}

#define NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace"

TEST(Namespaces, AreFoundAndNamedByTheirProcess) {
  NEEDS_ROOT();
  const auto child = isolated_child("lonely");
  const auto list = other_network_namespaces("/", soon());
  ASSERT_TRUE(list) << list.error().what;
  const auto it = std::ranges::find(list->namespaces, child.pid(), &NamespaceInfo::pid);
  ASSERT_NE(it, list->namespaces.end());
  EXPECT_EQ(it->label, "lonely-" + std::to_string(child.pid()));
  const auto own = inode_of("/proc/self/ns/net");
  EXPECT_EQ(std::ranges::count(list->namespaces, *own, &NamespaceInfo::inode), 0);
}

TEST(Namespaces, AVisitEndsWhereItBegan) {
  NEEDS_ROOT();
  const auto child = isolated_child("visited");
  const std::string verdict = in_child([&]() -> std::string {
    const auto here = inode_of("/proc/self/ns/net"),
               there = inode_of("/proc/" + std::to_string(child.pid()) + "/ns/net");
    {
      const auto visit = NamespaceVisit::enter({*there, child.pid(), "visited"});
      if (!visit) return visit.error().what;
      if (*inode_of("/proc/self/ns/net") != *there) return "did not enter";
    }
    return *inode_of("/proc/self/ns/net") == *here ? "back" : "lost";
  });
  EXPECT_EQ(verdict, "back");
}

TEST(Namespaces, APidThatWasUsedAgainIsNotEntered) {
  NEEDS_ROOT();
  const auto child = isolated_child("reused");
  const std::string verdict = in_child([&]() -> std::string {
    const auto visit = NamespaceVisit::enter({1, child.pid(), "old"});
    return visit ? "entered" : visit.error().code == Errc::kNotFound ? "not found" : "other";
  });
  EXPECT_EQ(verdict, "not found");
}

TEST(Namespaces, SocketsAreThoseOfTheNamespaceEntered) {
  NEEDS_ROOT();
  const WaitingChild child{[] {
    isolate();
    static const auto port = testing::listen_on("127.0.0.1", 6379);
  }};
  const std::string verdict = in_child([&]() -> std::string {
    if (const auto entered = enter_network_namespace(child.pid()); !entered) {
      return entered.error().what;
    }
    const auto found = listening_sockets(soon());
    if (!found) return found.error().what;
    std::string text;
    for (const auto& one : found->sockets) text += one.address + ":" + std::to_string(one.port);
    return text;
  });
  EXPECT_EQ(verdict, "127.0.0.1:6379");
}

TEST(Namespaces, WithoutPermissionNothingIsHidden) {
  NEEDS_ROOT();
  const auto child = isolated_child("private");
  const std::string verdict = in_child([&]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto list = other_network_namespaces("/", soon());
    if (!list) return "not even a list: " + list.error().what;
    const auto entered = enter_network_namespace(child.pid());
    const bool refused = !entered && entered.error().code == Errc::kDenied;
    return std::string(list->denied > 0 ? "denied" : "none denied") +
           (refused ? ", refused" : ", entered");
  });
  EXPECT_EQ(verdict, "denied, refused");
}

TEST(Namespaces, AreNamedByContainerThenByRunNetns) {
  const std::string id(64, 'a');
  const fs::path root = fs::temp_directory_path() / ("postflight-ns-" + std::to_string(::getpid()));
  const auto process = [&](const std::string& pid, const std::string& ns,
                           const std::string& cgroup) {
    fs::create_directories(root / "proc" / pid / "ns");
    fs::create_symlink("net:[" + ns + "]", root / "proc" / pid / "ns/net");
    std::ofstream{root / "proc" / pid / "comm"} << "prog\n";
    std::ofstream{root / "proc" / pid / "status"} << "Uid:\t0\t0\t0\t0\n";
    std::ofstream{root / "proc" / pid / "cgroup"} << "0::" << cgroup << "\n";
  };
  process("self", "1", "/");
  process("1", "1", "/init.scope");
  process("20", "100", "/system.slice/docker-" + id + ".scope");
  process("21", "100", "/system.slice/docker-" + id + ".scope");
  process("22", "200", "/system.slice/docker-" + id + ".scope");
  fs::create_directories(root / "run/netns");
  std::ofstream{root / "run/netns/blue"} << "";
  const auto named = inode_of((root / "run/netns/blue").string());
  process("30", std::to_string(*named), "/user.slice");
  process("31", "400", "/user.slice");
  const auto list = other_network_namespaces(root.string(), soon());
  fs::remove_all(root);
  ASSERT_TRUE(list) << list.error().what;
  std::vector<std::string> labels;
  for (const auto& one : list->namespaces)
    labels.push_back(one.label + "=" + std::to_string(one.pid));
  EXPECT_EQ(labels, (std::vector<std::string>{"aaaaaaaaaaaa=20", "aaaaaaaaaaaa-22=22", "blue=30",
                                              "prog-31=31"}));
}

TEST(ContainerId, IsTakenFromEveryUsualPath) {
  const std::string id = "0123456789ab" + std::string(52, 'c');
  for (const std::string& path :
       {"/docker/" + id, "/system.slice/docker-" + id + ".scope",
        "/machine.slice/libpod-" + id + ".scope/container",
        "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope",
        "/system.slice/containerd.service/kubepods-pod:cri-containerd:" + id,
        "/docker/" + std::string(64, 'd') + "/docker/" + id}) {
    EXPECT_EQ(container_id_from_cgroup(path), "0123456789ab") << path;
  }
  EXPECT_EQ(container_id_from_cgroup("/system.slice/nginx.service"), "");
  EXPECT_EQ(container_id_from_cgroup("/x/" + std::string(65, 'a')), "");
  EXPECT_EQ(container_id_from_cgroup(""), "");
}

TEST(ParseNamespaceLink, TakesNothingElse) {
  EXPECT_EQ(parse_namespace_link("net:[4026531840]"), 4026531840u);
  EXPECT_EQ(parse_namespace_link("mnt:[4026531840]"), 0u);
  EXPECT_EQ(parse_namespace_link("net:["), 0u);
  EXPECT_EQ(parse_namespace_link("net:[x]"), 0u);
}

}  // namespace
}  // namespace postflight::host
