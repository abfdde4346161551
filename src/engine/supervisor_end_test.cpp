// SPDX-License-Identifier: Apache-2.0
// What the supervisor leaves behind: no descendant of a task, nothing of the caller's changed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "base/text.h"
#include "engine/supervisor.h"
#include "engine/testing/jobs.h"
#include "host/files.h"

namespace postflight {
namespace {

using namespace std::chrono_literals;
using testing::fact;
using testing::job;
using testing::run_jobs;
using testing::StopWatch;

[[noreturn]] void sleep_forever() {
  for (;;) ::pause();
}

/// Forks a child that sleeps; the parent goes on.
pid_t start_sleeper(bool own_session) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (own_session) ::setsid();
    sleep_forever();
  }
  return pid;
}

std::vector<std::string> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  const auto listed = host::read_file("/proc/" + number + "/task/" + number + "/children");
  std::vector<std::string> pids;
  if (!listed) return pids;
  for (const auto word : split_words(*listed)) pids.emplace_back(word);
  return pids;
}

TEST(SupervisorEnd, GrandchildrenAreGone) {
  const auto same_group = [](FactSink& sink, Deadline) {
    sink.put("child", std::to_string(start_sleeper(false)));
  };
  const auto own_session = [](FactSink& sink, Deadline) {
    sink.put("child", std::to_string(start_sleeper(true)));
  };
  const auto both_and_hangs = [](FactSink& sink, Deadline) {
    sink.put("child", std::to_string(start_sleeper(true)));
    testing::start_daemon(sink);
    sleep_forever();
  };
  const auto results =
      run_jobs({job("same group", same_group), job("own session", own_session),
                job("daemon", [](FactSink& sink, Deadline) { testing::start_daemon(sink); }),
                job("hangs", both_and_hangs, 200ms)});
  EXPECT_TRUE(testing::is_gone(fact(results.at("same group"), "child")));
  EXPECT_TRUE(testing::is_gone(fact(results.at("own session"), "child")));
  EXPECT_TRUE(testing::is_gone(fact(results.at("daemon"), "daemon")));
  EXPECT_TRUE(testing::is_gone(fact(results.at("hangs"), "child")));
  EXPECT_TRUE(testing::is_gone(fact(results.at("hangs"), "daemon")));
  EXPECT_TRUE(testing::has_no_children());
}

TEST(SupervisorEnd, AHordeOfDaemonsIsGone) {
  const auto horde = [](FactSink& sink, Deadline) {
    for (int i = 0; i < 300; ++i) start_sleeper(true);
    sink.put("done", "1");
  };
  const auto results = run_jobs({job("horde", horde)});
  EXPECT_EQ(fact(results.at("horde"), "done"), "1");
  EXPECT_TRUE(testing::has_no_children());  // neither alive nor as zombies
}

TEST(SupervisorEnd, StraysAreFoundFromAnyThread) {
  testing::Results results;
  std::thread([&] {
    results =
        run_jobs({job("daemon", [](FactSink& sink, Deadline) { testing::start_daemon(sink); })});
  }).join();
  EXPECT_TRUE(testing::is_gone(fact(results.at("daemon"), "daemon")));
  EXPECT_TRUE(testing::has_no_children());
}

TEST(SupervisorEnd, AGrandchildThatHoldsThePipeDelaysNothing) {
  const StopWatch watch;
  const auto results = run_jobs({job("a", [](FactSink& sink, Deadline) {
    sink.put("child", std::to_string(start_sleeper(true)));  // it inherits the pipe
  })});
  EXPECT_LT(watch.seconds(), 1);
  EXPECT_EQ(results.at("a").record.outcome, Outcome::done);
  EXPECT_TRUE(testing::is_gone(fact(results.at("a"), "child")));
}

TEST(SupervisorEnd, ChildrenOfTheCallerAreLeftAlone) {
  const pid_t alive = start_sleeper(false);
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(7);
  run_jobs({job("a", [](FactSink& sink, Deadline) { testing::start_daemon(sink); })});
  int status = 0;
  EXPECT_EQ(::waitpid(alive, &status, WNOHANG), 0) << "the caller's own child was killed";
  EXPECT_EQ(::waitpid(ended, &status, 0), ended) << "the end of the caller's own child was stolen";
  EXPECT_EQ(WEXITSTATUS(status), 7);
  ::kill(alive, SIGKILL);
  ::waitpid(alive, nullptr, 0);
}

TEST(SupervisorEnd, AnExceptionOfTheCallerLeavesNoTask) {
  std::string hanging;
  const auto run = [&] {
    Supervisor supervisor{{.run = Deadline{20s}}};
    supervisor.add(job("hangs", [](FactSink&, Deadline) { sleep_forever(); }));
    supervisor.add(job("tells", [](FactSink& sink, Deadline) {
      for (const std::string& pid : children_of(::getppid())) {
        if (pid != std::to_string(::getpid())) sink.put("other", pid);
      }
    }));
    supervisor.run([&](JobResult result) {
      hanging = fact(result, "other");
      throw std::runtime_error("the caller's own trouble");
    });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_TRUE(testing::is_gone(hanging));
  EXPECT_TRUE(testing::has_no_children());
}

TEST(SupervisorEnd, EverythingOfTheCallerIsRestored) {
  const auto handler = [](int) {};
  struct sigaction before{};
  before.sa_handler = handler;
  ::sigaction(SIGCHLD, &before, nullptr);
  sigset_t mask_before, mask_after;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask_before);
  const std::size_t descriptors = testing::open_descriptors();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  run_jobs({job("a", [](FactSink&, Deadline) {})});
  int subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  EXPECT_EQ(subreaper, 1);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  run_jobs({job("a", [](FactSink&, Deadline) {})});
  ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  EXPECT_EQ(subreaper, 0);
  struct sigaction after{};
  ::sigaction(SIGCHLD, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, nullptr, &mask_after);
  for (int number = 1; number < NSIG; ++number) {
    EXPECT_EQ(sigismember(&mask_before, number), sigismember(&mask_after, number)) << number;
  }
  EXPECT_EQ(testing::open_descriptors(), descriptors);
}

TEST(SupervisorEnd, AnIgnoredSigchldHidesNoCrash) {
  ::signal(SIGCHLD, SIG_IGN);  // as some containers and cron jobs leave it
  const auto results = run_jobs({job("crash", [](FactSink&, Deadline) { ::raise(SIGSEGV); }),
                                 job("fine", [](FactSink&, Deadline) {})});
  ::signal(SIGCHLD, SIG_DFL);
  EXPECT_EQ(results.at("crash").record.outcome, Outcome::crashed);
  EXPECT_NE(results.at("crash").record.detail.find("SIGSEGV"), std::string::npos);
  EXPECT_EQ(results.at("fine").record.outcome, Outcome::done);
}

/// Runs a supervisor with hanging tasks in a process of its own and sends it `number` once they
/// run. The exit status tells whether run() gave false, quickly, and left nobody.
int interrupt_with(int number, bool ignored) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -2;
  return testing::in_child(
      [&] {
        if (ignored) ::signal(number, SIG_IGN);
        Supervisor supervisor{{.run = Deadline{ignored ? 600ms : 15s}, .parallel = 8}};
        for (int i = 0; i < 12; ++i) {
          supervisor.add(job("hangs", [&](FactSink& sink, Deadline) {
            testing::start_daemon(sink);
            sleep_forever();
          }));
        }
        supervisor.add(job("late", [](FactSink&, Deadline) {}));
        std::vector<std::string> daemons;
        int told = 0;
        const StopWatch watch;
        if (::write(ends[1], "x", 1) != 1) return 10;
        const bool finished = supervisor.run([&](JobResult result) {
          ++told;
          if (fact(result, "daemon") != "(none)") daemons.push_back(fact(result, "daemon"));
        });
        if (finished != ignored) return 11;
        if (watch.seconds() > 2) return 12;
        if (told != 13) return 13;
        for (const std::string& pid : daemons) {
          if (!testing::is_gone(pid)) return 14;
        }
        if (!testing::has_no_children()) return 15;
        return daemons.empty() ? 16 : 0;
      },
      [&](pid_t pid) {
        char byte = 0;
        if (::read(ends[0], &byte, 1) != 1) return;
        for (int i = 0; i < 5000 && children_of(pid).size() < 16;
             ++i) {  // 8 tasks, their 8 daemons
          ::poll(nullptr, 0, 1);
        }
        ::kill(pid, number);
        ::close(ends[0]);
        ::close(ends[1]);
      });
}

TEST(SupervisorEnd, AskedToStopItStops) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP})
    EXPECT_EQ(interrupt_with(number, false), 0) << number;
}

TEST(SupervisorEnd, UnderNohupAHangUpIsIgnored) {
  EXPECT_EQ(interrupt_with(SIGHUP, true), 0);
}

TEST(SupervisorEnd, TasksDieWithTheirSupervisor) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the orphan comes to us
  std::vector<std::string> tasks;
  const int status = testing::in_child(
      [&] {
        run_jobs({job("hangs", [](FactSink&, Deadline) { sleep_forever(); })});
        return 0;
      },
      [&](pid_t pid) {
        for (int i = 0; i < 5000 && tasks.empty(); ++i) {
          tasks = children_of(pid);
          ::poll(nullptr, 0, 1);
        }
        ::kill(pid, SIGKILL);
      });
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(status, 256 + SIGKILL);
  ASSERT_EQ(tasks.size(), 1u);
  int ended = 0;
  for (int i = 0; i < 2000 && ended == 0; ++i) {
    ended = ::waitpid(std::stoi(tasks[0]), nullptr, WNOHANG);
    ::poll(nullptr, 0, 1);
  }
  EXPECT_EQ(ended, std::stoi(tasks[0]));
}

}  // namespace
}  // namespace postflight
