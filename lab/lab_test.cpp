// SPDX-License-Identifier: Apache-2.0
// The lab keeps what it promises: both standing states are what they are called, commands run
// inside, nothing gets out, nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::becomes_true;
using testing::bring_up;
using testing::CommandOutput;
using testing::differences;
using ::testing::ElementsAre;
using testing::footprint;
using ::testing::HasSubstr;
using testing::in_lab;
using ::testing::IsEmpty;
using testing::lab_name;
using ::testing::Not;
using testing::run_lab;
using testing::take_down;
using testing::why_no_lab;

/// One lab in each standing state, up side by side for all tests of the suite.
class Lab : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty()) trouble_ = bring_up({{healthy(), "healthy"}, {seed(), "seed"}});
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({healthy(), seed()});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
  }

  static std::string healthy() { return lab_name("healthy"); }
  static std::string seed() { return lab_name("seed"); }
  static std::string address_of(const std::string& name) {
    return std::string(trim(in_lab(name, "hostname -I | tr ' ' '\\n' | grep ^10.213").out));
  }

  static inline std::string missing_, trouble_;
};

/// Asks from outside, over the cable: what the HTTP client says, "000" where nobody answers.
std::string asked_from_outside(const std::string& address, const std::string& port) {
  return host::testing::run_command({"curl", "-s", "-o", "/dev/null", "-m", "2", "-w",
                                     "%{http_code}", "http://" + address + ":" + port + "/"})
      .out;
}

TEST_F(Lab, HealthyHoldsPointByPoint) {
  const CommandOutput health = run_lab({"health", healthy()});
  EXPECT_EQ(health.exit_code, 0);
  EXPECT_THAT(health.out, Not(HasSubstr("NOT OK"))) << health.out;
  EXPECT_THAT(health.out, HasSubstr("35 points hold, 0 do not"));
}

TEST_F(Lab, HealthNamesWhatDoesNotHold) {
  ASSERT_EQ(in_lab(healthy(), "docker pause advakod_qdrant").exit_code, 0);
  const CommandOutput health = run_lab({"health", healthy()});
  in_lab(healthy(), "docker unpause advakod_qdrant");
  EXPECT_EQ(health.exit_code, 1);
  EXPECT_THAT(health.out, HasSubstr("NOT OK  Qdrant's collection is green and whole"));
}

TEST_F(Lab, ThePageCallsTheApiAndTheApiTheDatabase) {
  const std::string curl = "curl -sS https://advacodex.com";
  EXPECT_THAT(in_lab(healthy(), curl + "/").out, HasSubstr("fetch(\"/api/v1/health\")"));
  EXPECT_EQ(in_lab(healthy(), curl + "/api/v1/health | jq -c .users").out, "3\n");
  EXPECT_EQ(in_lab(healthy(), curl + "/api/v1/chat_sessions?limit=2 | jq -c '.items | length'").out,
            "2\n");
}

TEST_F(Lab, LoadCanBeSwitchedOnAndOff) {
  const std::string rows =
      "runuser -u postgres -- psql -XAtc 'select count(*) from audit_logs' advakod_db";
  const auto set_rate = [](const char* rate) {
    return in_lab(healthy(), std::string("curl -fsS -XPOST -d '{\"rate\": ") + rate +
                                 "}' https://advacodex.com/api/v1/load")
        .exit_code;
  };
  const std::string before = in_lab(healthy(), rows).out;
  ASSERT_EQ(set_rate("50"), 0);
  EXPECT_TRUE(
      becomes_true(healthy(), "[ $(" + rows + ") -gt " + std::string(trim(before)) + " ]", 10));
  ASSERT_EQ(set_rate("0"), 0);
  EXPECT_TRUE(
      becomes_true(healthy(), "a=$(" + rows + "); sleep 0.5; [ $(" + rows + ") = $a ]", 10));
}

TEST_F(Lab, SeedBackendWorksAndIsCalledUnhealthyFor404) {
  const std::string inspect =
      "docker inspect -f '{{.State.Health.Status}} {{(index .State.Health.Log 0).Output}}' ";
  const std::string said = in_lab(seed(), inspect + "advakod_backend").out;
  EXPECT_THAT(said, HasSubstr("unhealthy"));
  EXPECT_THAT(said, HasSubstr("404"));
  EXPECT_EQ(in_lab(seed(), "curl -fsS https://advacodex.com/api/v1/health | jq -r .status").out,
            "healthy\n");
}

TEST_F(Lab, SeedBeatTicksAndRefusesExec) {
  const CommandOutput exec = in_lab(seed(), "docker exec advakod_celery_beat true");
  EXPECT_EQ(exec.exit_code, 126);
  EXPECT_THAT(exec.err + exec.out,
              HasSubstr("current working directory is outside of container mount namespace root"));
  EXPECT_EQ(in_lab(seed(), "docker exec advakod_celery_worker true").exit_code, 0);
  EXPECT_TRUE(becomes_true(
      seed(), "docker logs --since 4s advakod_celery_beat 2>&1 | grep -q 'Sending due task'", 10));
}

TEST_F(Lab, SeedLogsTwoMissingFilesForOneVisitor) {
  const std::string log = in_lab(seed(), "cat /var/log/nginx/error.log").out;
  EXPECT_THAT(
      log, HasSubstr("/usr/share/nginx/html/favicon.ico\" failed (2: No such file or directory)"));
  EXPECT_THAT(log,
              HasSubstr("/usr/share/nginx/html/404.html\" failed (2: No such file or directory)"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
}

TEST_F(Lab, SeedHasNoTableChats) {
  const std::string tables = in_lab(seed(),
                                    "runuser -u postgres -- psql -XAtc \"select tablename from "
                                    "pg_tables where tablename like 'chat%' "
                                    "order by 1\" advakod_db")
                                 .out;
  EXPECT_EQ(tables, "chat_messages\nchat_sessions\n");
}

TEST_F(Lab, SeedCollectionsAreEmpty) {
  EXPECT_EQ(
      in_lab(seed(), "curl -s 127.0.0.1:6333/collections | jq '.result.collections | length'").out,
      "0\n");
}

TEST_F(Lab, DatabaseIsAsLargeAsTheSeeds) {
  const std::string size =
      in_lab(
          healthy(),
          "runuser -u postgres -- psql -XAtc \"select pg_database_size('advakod_db') / 1000000\"")
          .out;
  EXPECT_GE(std::stoi(size), 50);
  EXPECT_LE(std::stoi(size), 80);
}

TEST_F(Lab, FromOutsideTheFirewallHidesPostgresqlAndDockerGoesRoundIt) {
  const std::string whole = address_of(healthy()), open = address_of(seed());
  EXPECT_EQ(asked_from_outside(whole, "80"), "301");
  EXPECT_EQ(asked_from_outside(whole, "8000"), "000");
  EXPECT_EQ(asked_from_outside(open, "8000"), "404");
  const auto closed =
      host::testing::run_command({"timeout", "2", "bash", "-c", "</dev/tcp/" + open + "/5432"});
  EXPECT_NE(closed.exit_code, 0);
}

TEST_F(Lab, ExecPassesWordsOutputAndExitCode) {
  const CommandOutput done =
      run_lab({"exec", healthy(), "sh", "-c", "printf '%s|' \"$@\"; echo err >&2; exit 7", "sh",
               "a b", "", "$HOME", "*"});
  EXPECT_EQ(done.exit_code, 7);
  EXPECT_EQ(done.out, "a b||$HOME|*|");
  EXPECT_EQ(done.err, "err\n");
}

TEST_F(Lab, ExecIsRootOnAnotherMachine) {
  EXPECT_EQ(in_lab(healthy(), "id -un; hostname; cat /proc/1/comm").out,
            "root\nadvakod\nsystemd\n");
  EXPECT_EQ(in_lab(healthy(), "cat /proc/self/cgroup | grep -v ':/$' | grep -c pflab").out, "0\n");
}

// Sets the clock to what it is: were it allowed, nothing would be harmed.
TEST_F(Lab, NobodyInsideSetsTheClock) {
  const CommandOutput set = in_lab(healthy(), "date -s @$(date +%s)");
  EXPECT_NE(set.exit_code, 0);
  EXPECT_THAT(set.err, HasSubstr("Operation not permitted"));
  EXPECT_EQ(
      in_lab(healthy(), "grep -h CapBnd /proc/1/status /proc/self/status | sort -u | wc -l").out,
      "1\n");
}

TEST_F(Lab, TheDiskIsSeenAtTheSamePathsAndChangesStayInside) {
  EXPECT_EQ(in_lab(healthy(), "cat " PF_SOURCE_DIR "/lab/lab | head -1").out,
            "#!/usr/bin/env bash\n");
  ASSERT_EQ(in_lab(healthy(), "echo inside >/usr/local/share/pf-lab-test").exit_code, 0);
  EXPECT_NE(::access("/usr/local/share/pf-lab-test", F_OK), 0);
  host::testing::TempFolder folder;
  folder.write("file", "outside");
  EXPECT_NE(in_lab(healthy(), "cat " + folder.path() + "/file").exit_code, 0)
      << "/tmp is the lab's own";
}

TEST_F(Lab, PostflightMakesAReportInside) {
  const CommandOutput check = run_lab({"exec", healthy(), PF_BINARY, "check", "--format", "json"});
  EXPECT_GE(check.exit_code, 0);
  EXPECT_LE(check.exit_code, 3);
  EXPECT_THAT(check.out, HasSubstr("\"host\": \"advakod\"")) << check.err;
}

TEST_F(Lab, ListNamesBoth) {
  const std::string list = run_lab({"list"}).out;
  EXPECT_THAT(list, HasSubstr(healthy()));
  EXPECT_THAT(list, HasSubstr(seed()));
}

TEST_F(Lab, ASecondOfTheSameNameIsRefused) {
  const CommandOutput up = run_lab({"up", healthy()});
  EXPECT_EQ(up.exit_code, 1);
  EXPECT_THAT(up.err, HasSubstr("is up already"));
  EXPECT_EQ(in_lab(healthy(), "true").exit_code, 0);
}

TEST_F(Lab, AScenarioLeavesALabThatIsUpAlone) {
  const CommandOutput run = run_lab({"run", "migration"}, {"LAB_NAME=" + healthy()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("is up already"));
  EXPECT_EQ(in_lab(healthy(), "true").exit_code, 0);
}

TEST_F(Lab, TheEndOfADeadLabCutsNobodyElsesCable) {
  const std::string dead = lab_name("dead"), next = lab_name("next");
  ASSERT_EQ(bring_up({{dead, "bare"}}), "");
  const std::string init = "/run/postflight-lab/" + dead + "/init.pid";
  ASSERT_EQ(host::testing::run_command({"sh", "-c", "kill -9 $(cat " + init + ")"}).exit_code, 0);
  ASSERT_EQ(bring_up({{next, "bare"}}), "");  // takes the number that came free
  ASSERT_EQ(take_down({dead}), "");
  EXPECT_EQ(in_lab(next, "cat /sys/class/net/eth0/operstate").out, "up\n");
  ASSERT_EQ(take_down({next}), "");
}

TEST_F(Lab, OfTwoThatBringUpTheSameOneIsRefused) {
  const std::string name = lab_name("twice");
  const std::string line =
      "export LAB_BACKEND=" PF_LAB_BACKEND "; l=" PF_SOURCE_DIR "/lab/lab; $l up " + name +
      " --state bare & $l up " + name + " --state bare; a=$?; wait $!; echo $((a + $?))";
  const auto both = host::testing::run_command({"bash", "-c", line}, Duration{60'000});
  EXPECT_EQ(both.out, "1\n") << both.err;
  EXPECT_EQ(in_lab(name, "true").exit_code, 0);
  ASSERT_EQ(take_down({name}), "");
}

/// What needs labs of its own.
class LabAlone : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = why_no_lab();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
};

TEST_F(LabAlone, TwiceInARowAndSideBySideWithoutLeftovers) {
  const std::string one = lab_name("one"), two = lab_name("two");
  const auto before = footprint();
  ASSERT_GT(before.at("kernel").size(), 100U);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(bring_up({{one, "healthy"}, {two, "seed"}}), "");
    EXPECT_EQ(run_lab({"health", one}).exit_code, 0);
    EXPECT_THAT(differences(before, footprint()), Not(IsEmpty())) << "the footprint sees nothing";
    ASSERT_EQ(take_down({one, two}), "");
    EXPECT_THAT(differences(before, footprint()), IsEmpty());
  }
}

TEST_F(LabAlone, WhatAKilledLabLeavesIsRemovedByTheNextOne) {
  const std::string name = lab_name("killed");
  const auto before = footprint();
  ASSERT_EQ(bring_up({{name, "healthy"}}), "");
  ASSERT_EQ(host::testing::run_command(
                {"sh", "-c", "kill -9 $(cat /run/postflight-lab/" + name + "/init.pid)"})
                .exit_code,
            0);
  EXPECT_NE(in_lab(name, "true").exit_code, 0);
  EXPECT_THAT(run_lab({"list"}).out, HasSubstr(name + " "));
  ASSERT_EQ(bring_up({{name, "healthy"}}), "");
  ASSERT_EQ(take_down({name}), "");
  EXPECT_THAT(differences(before, footprint()), IsEmpty());
}

TEST_F(LabAlone, BoundFoldersAreSeenAsTheyAre) {
  const host::testing::TempFolder folder;
  folder.write("file", "outside");
  const std::string name = lab_name("bound");
  const CommandOutput up = run_lab({"up", name, "--state", "bare"}, {"LAB_BIND=" + folder.path()});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  EXPECT_EQ(in_lab(name, "cat " + folder.path() + "/file").out, "outside");
  ASSERT_EQ(take_down({name}), "");
}

TEST_F(LabAlone, RunsOnPureCgroupV2) {
  const std::string name = lab_name("unified");
  const CommandOutput up = run_lab({"up", name, "--state", "bare"}, {"LAB_UNIFIED=1"});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  EXPECT_THAT(in_lab(name, "docker info 2>&1").out, HasSubstr("Cgroup Version: 2"));
  EXPECT_EQ(in_lab(name, "systemctl is-system-running").out, "running\n");
  ASSERT_EQ(take_down({name}), "");
}

TEST_F(LabAlone, MigrationArrivesWhole) {
  const CommandOutput run = run_lab({"run", "migration"}, {"LAB_NAME=" + lab_name("whole")});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("35 points hold, 0 do not"));
}

TEST_F(LabAlone, BrokenMigrationIsBrokenWhereItWasMeantToBe) {
  const CommandOutput run =
      run_lab({"run", "migration", "--broken"}, {"LAB_NAME=" + lab_name("broken")});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("31 points hold, 4 do not"));
}

TEST_F(LabAlone, AStateThatIsNotReachedLeavesNothing) {
  const auto before = footprint();
  const CommandOutput up = run_lab({"up", lab_name("stuck")}, {"LAB_BACKEND=/bin/false"});
  EXPECT_EQ(up.exit_code, 1);
  EXPECT_THAT(up.err, HasSubstr("the step \"site answers\" failed"));
  EXPECT_THAT(differences(before, footprint()), IsEmpty());
}

TEST(LabCommand, RefusesWhatMakesNoSense) {
  const auto refused = [](const std::vector<std::string>& words) {
    const CommandOutput run = run_lab(words);
    EXPECT_EQ(run.exit_code, 1);
    return run.err;
  };
  EXPECT_THAT(refused({"down", "../../etc"}), HasSubstr("is no name for a lab"));
  EXPECT_THAT(refused({"up", "a b"}), HasSubstr("is no name for a lab"));
  EXPECT_THAT(refused({"up", "x", "--state", "../lab"}), HasSubstr("there is no state"));
  EXPECT_THAT(refused({"health", lab_name("nobody")}), HasSubstr("is not up"));
  EXPECT_THAT(refused({"run", "nothing"}), HasSubstr("run needs a scenario"));
  EXPECT_THAT(refused({"fly"}), HasSubstr("unknown command"));
}

TEST(LabCommand, SaysInOneSentenceWhatIsMissing) {
  std::vector<std::string> words{PF_SOURCE_DIR "/lab/lab", "check"};
  if (::geteuid() == 0) {
    const auto nobody = {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
    words.insert(words.begin(), nobody.begin(), nobody.end());
  }
  const CommandOutput check = host::testing::run_command(words);
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_THAT(check.err, HasSubstr("the lab needs root"));
  EXPECT_EQ(std::ranges::count(check.err, '\n'), 1) << check.err;
}

TEST(LabFootprint, NamesEachKindOfDifference) {
  const testing::Footprint before{
      {"kernel", {"kernel.a = 1", "kernel.b = 1"}}, {"links", {"lo"}}, {"clock", {"100"}}};
  const testing::Footprint after{
      {"kernel", {"kernel.a = 2", "net.new = 1"}}, {"links", {"lo", "pfl1"}}, {"clock", {"10900"}}};
  EXPECT_THAT(
      differences(before, after),
      ElementsAre("clock: gone: 100", "clock: left behind: 10900", "kernel: gone: kernel.a = 1",
                  "kernel: left behind: kernel.a = 2", "links: left behind: pfl1"));
  EXPECT_THAT(differences(before, before), IsEmpty());
}

}  // namespace
}  // namespace postflight::lab
