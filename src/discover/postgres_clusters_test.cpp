// SPDX-License-Identifier: Apache-2.0
// Clusters of trees of files that stand in for machines, and of this machine.
#include "discover/postgres_clusters.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/testing/child_process.h"
#include "host/testing/postgres_server.h"

namespace postflight {
namespace {

namespace fs = std::filesystem;
using host::testing::PostgresServer;
using host::testing::TempFolder;
using namespace std::chrono_literals;

TEST(PostmasterFile, IsReadAsServersWriteIt) {
  const auto file = parse_postmaster_file(
      "1234\n/var/lib/postgresql/15/main\n1764036000\n5432\n/var/run/postgresql\n*\n  5432001  3\n"
      "ready   \n");
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_EQ(file->pid, 1234);
  EXPECT_EQ(file->data_directory, "/var/lib/postgresql/15/main");
  EXPECT_EQ(file->port, 5432);
  EXPECT_EQ(file->socket_directory, "/var/run/postgresql");
  EXPECT_EQ(file->status, "ready");
  // Without sockets, and before it is through: the lines come one after the other.
  const auto early = parse_postmaster_file("7\n/data\n1\n5432\n\n");
  ASSERT_TRUE(early);
  EXPECT_EQ(early->socket_directory, "");
  EXPECT_EQ(early->status, "");
}

TEST(PostmasterFile, ThatIsNoneIsMalformed) {
  for (const char* text : {"", "\n", "abc\n", "-5\n", "0\n", "99999999999\n"}) {
    EXPECT_FALSE(parse_postmaster_file(text)) << text;
  }
}

RC_GTEST_PROP(PostmasterFileProperty, AnyBytesAreReadOrRefused, (std::string text)) {
  (void)parse_postmaster_file(text);
  (void)setting_in_file(text, "port");
}

TEST(SettingInFile, IsTheLastOneWithoutItsQuotes) {
  const char* text =
      "port = 5432 # the usual\n#port = 1\n  data_directory='/srv/o''neill'\nportal = 3\n"
      "port 5433\n";
  EXPECT_EQ(setting_in_file(text, "port"), "5433");
  EXPECT_EQ(setting_in_file(text, "data_directory"), "/srv/o'neill");
  EXPECT_EQ(setting_in_file(text, "ssl"), "");
}

/// A machine made of files.
class Tree {
 public:
  std::string root() const { return folder_.path(); }
  void write(const std::string& path, const std::string& text) const {
    const fs::path file = folder_.path() + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    const fs::path file = folder_.path() + path;
    fs::create_directories(file.parent_path());
    fs::create_symlink(target, file);
  }
  /// A process whose root is `inner`, a folder of the tree, and that calls itself `own_pid`.
  void process(int pid, const std::string& name, int parent, const std::string& cwd,
               const std::string& inner = "", int own_pid = 0) const {
    const std::string proc = "/proc/" + std::to_string(pid);
    const std::string number = std::to_string(own_pid ? own_pid : pid);
    write(proc + "/comm", name + "\n");
    write(proc + "/stat",
          std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) + " 1");
    write(proc + "/status", "Name:\t" + name + "\nUid:\t999\t999\t999\t999\nNSpid:\t" +
                                std::to_string(pid) + "\t" + number + "\n");
    write(proc + "/cgroup",
          inner.empty() ? "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n"
                        : "0::/system.slice/docker-" + std::string(64, 'a') + ".scope\n");
    link(proc + "/cwd", cwd);
    link(proc + "/root", folder_.path() + inner);
  }
  void debian(const std::string& start) const {
    write("/etc/postgresql/15/main/postgresql.conf",
          "data_directory = '/var/lib/postgresql/15/main'\nport = 5432\n");
    write("/etc/postgresql/15/main/start.conf", "# comment\n\n" + start + "\n");
  }
  void pid_file(const std::string& inner, const std::string& data, int pid) const {
    write(inner + data + "/postmaster.pid",
          std::to_string(pid) + "\n" + data + "\n1\n5432\n/var/run/postgresql\n*\n1 1\nready   \n");
  }
  std::vector<PostgresCluster> find(const std::vector<Service>& services = {}) const {
    return find_postgres_clusters(services, root(), Deadline{5s});
  }

 private:
  TempFolder folder_;
};

Service held_by(std::int32_t pid, const std::string& id) {
  Service service;
  service.id = id;
  service.port = 5432;
  Program program;
  program.pid = pid;
  service.programs = Seen{std::vector<Program>{program}, Evidence{}};
  return service;
}

constexpr const char* kData = "/var/lib/postgresql/15/main";

TEST(PostgresClusters, OfDebianRunning) {
  const Tree tree;
  tree.debian("auto");
  tree.process(100, "postgres", 1, kData);
  tree.process(101, "postgres", 100, kData);
  tree.pid_file("", kData, 100);
  const auto found = tree.find({held_by(100, "127.0.0.1:5432")});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, "127.0.0.1:5432");
  EXPECT_EQ(found[0].pid, 100);
  EXPECT_EQ(found[0].status, "ready");
  EXPECT_EQ(found[0].debian_name, "15/main");
  EXPECT_EQ(found[0].start, "auto");
  EXPECT_EQ(found[0].socket_directory, "/var/run/postgresql");
}

TEST(PostgresClusters, OfDebianStopped) {
  const Tree tree;
  tree.debian("manual");
  tree.write("/proc/1/stat", "1 (systemd) S 0 1");
  const auto found = tree.find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, kData);
  EXPECT_EQ(found[0].pid, 0);
  EXPECT_EQ(found[0].port, 5432);
  EXPECT_EQ(found[0].start, "manual");
}

/// After a crash the file stays, and its number is another program's.
TEST(PostgresClusters, WithAStaleFileDoNotRun) {
  const Tree tree;
  tree.debian("auto");
  tree.pid_file("", kData, 300);
  tree.process(300, "nginx", 1, "/");
  ASSERT_EQ(tree.find().size(), 1u);
  EXPECT_EQ(tree.find()[0].pid, 0);
  tree.process(100, "postgres", 1, kData);  // initdb's own, for a moment
  EXPECT_EQ(tree.find()[0].pid, 0);
}

TEST(PostgresClusters, OfContainersAreThoseOfTheirRoot) {
  const Tree tree;
  tree.debian("auto");
  tree.process(100, "postgres", 1, kData);
  tree.pid_file("", kData, 100);
  tree.process(500, "postgres", 400, "/var/lib/postgresql/data", "/inner", 1);
  tree.pid_file("/inner", "/var/lib/postgresql/data", 1);
  const auto found = tree.find({held_by(100, "127.0.0.1:5432")});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "/var/lib/postgresql/data@aaaaaaaaaaaa");
  EXPECT_EQ(found[0].pid, 500);
  EXPECT_EQ(found[0].debian_name, "");
  EXPECT_EQ(found[1].debian_name, "15/main");
}

/// A container at the same path is not the machine's cluster of that path.
TEST(PostgresClusters, InAContainerAtDebiansPathIsAnother) {
  const Tree tree;
  tree.debian("auto");
  tree.process(500, "postgres", 400, kData, "/inner", 1);
  tree.pid_file("/inner", kData, 1);
  const auto found = tree.find();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, kData);
  EXPECT_EQ(found[0].pid, 0);
  EXPECT_EQ(found[1].pid, 500);
}

/// A link that leads out of the container is followed inside it.
TEST(PostgresClusters, LinksOfAContainerStayInside) {
  const Tree tree;
  tree.process(500, "postgres", 400, "/data", "/inner", 1);
  tree.write("/secret/postmaster.pid", "1\n/elsewhere\n1\n5432\n\n\n\nready\n");
  tree.link("/inner/data", tree.root() + "/secret");
  EXPECT_TRUE(tree.find().empty());
}

TEST(PostgresClusters, InTheUsualPlacesOfOtherSystems) {
  const Tree tree;
  tree.write("/proc/1/stat", "1 (systemd) S 0 1");
  tree.write("/var/lib/pgsql/16/data/PG_VERSION", "16\n");
  tree.write("/var/lib/pgsql/16/data/postgresql.conf", "port = 5434\n");
  const auto found = tree.find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data_directory, "/var/lib/pgsql/16/data");
  EXPECT_EQ(found[0].port, 5434);
}

TEST(PostgresClusters, NoneWhereThereIsNothing) {
  const Tree tree;
  EXPECT_TRUE(tree.find().empty());
}

TEST(PostgresClusters, OfThisMachineAreFoundByTheirProcess) {
  if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL server is installed";
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to read the server's files";
  const PostgresServer server;
  const auto found = find_postgres_clusters({}, "/", Deadline{5s});
  const auto it = std::ranges::find(found, server.pid(), &PostgresCluster::pid);
  ASSERT_NE(it, found.end());
  EXPECT_EQ(it->data_directory, server.data());
  EXPECT_EQ(it->port, server.port());
  EXPECT_EQ(it->socket_directory, server.folder());
  EXPECT_EQ(it->status, "ready");
}

}  // namespace
}  // namespace postflight
