// SPDX-License-Identifier: Apache-2.0
// The supervisor with real processes: what tasks say, how they end, and what their end costs
// others.
#include "engine/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "engine/testing/jobs.h"
#include "host/files.h"

namespace postflight {
namespace {

using namespace std::chrono_literals;
using testing::fact;
using testing::job;
using testing::run_jobs;
using testing::StopWatch;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kUnderSanitizer = true;
#else
constexpr bool kUnderSanitizer = false;
#endif

[[noreturn]] void sleep_forever() {
  for (;;) ::pause();
}

void say_hello(FactSink& sink, Deadline) {
  sink.put("greeting", "\"hello\"");
}

/// The write end of the pipe to the supervisor: the only descriptor beyond the standard ones.
int pipe_of_task() {
  for (int fd = 3; fd < 1024; ++fd) {
    struct stat status;
    if (::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) return fd;
  }
  return -1;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) ::_exit(9);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

TEST(Supervisor, GivesBackWhatATaskSaid) {
  const auto results = run_jobs({job("a", [](FactSink& sink, Deadline) {
    sink.put("one", "1");
    sink.put("two", "\"zwei\"");
    sink.put("empty", "");
  })});
  const JobResult& result = results.at("a");
  EXPECT_EQ(result.record.outcome, Outcome::done);
  EXPECT_EQ(result.record.detail, "");
  EXPECT_EQ(result.frames.size(), 3u);
  EXPECT_EQ(fact(result, "one"), "1");
  EXPECT_EQ(fact(result, "two"), "\"zwei\"");
  EXPECT_EQ(fact(result, "empty"), "");
  EXPECT_EQ(result.record.budget_seconds, 10);
  EXPECT_GT(result.record.wall_seconds, 0);
  EXPECT_GT(result.record.peak_memory_bytes, 100'000u);
  EXPECT_TRUE(testing::has_no_children());
}

TEST(Supervisor, KillsAtTheBudgetAndKeepsWhatHadArrived) {
  const StopWatch watch;
  const auto results = run_jobs({job(
                                     "slow",
                                     [](FactSink& sink, Deadline) {
                                       sink.put("early", "1");
                                       sink.put("pid", std::to_string(::getpid()));
                                       sleep_forever();
                                     },
                                     300ms),
                                 job("quick", say_hello)});
  EXPECT_LT(watch.seconds(), 0.8);
  const JobResult& slow = results.at("slow");
  EXPECT_EQ(slow.record.outcome, Outcome::timeout);
  EXPECT_EQ(slow.record.detail, "its budget was used up");
  EXPECT_GE(slow.record.wall_seconds, 0.29);
  EXPECT_EQ(fact(slow, "early"), "1");
  EXPECT_TRUE(testing::is_gone(fact(slow, "pid")));
  EXPECT_EQ(results.at("quick").record.outcome, Outcome::done);
}

TEST(Supervisor, GivesTheProbeLessThanItsBudget) {
  const auto results = run_jobs({job(
                                    "a",
                                    [](FactSink& sink, Deadline soft) {
                                      sink.put("left", std::to_string(soft.left().count()));
                                    },
                                    1000ms)},
                                {.run = Deadline{400ms}});
  // The run ends before the budget: then the run is what the probe must keep below.
  EXPECT_LE(std::stoi(fact(results.at("a"), "left")), 361);
  EXPECT_GE(std::stoi(fact(results.at("a"), "left")), 250);
}

TEST(Supervisor, ACrashCostsOnlyTheTaskItself) {
  const auto results = run_jobs(
      {job("segv",
           [](FactSink& sink, Deadline) {
             sink.put("before", "1");
             ::raise(SIGSEGV);
           }),
       job("abort", [](FactSink&, Deadline) { std::abort(); }),
       job("throws",
           [](FactSink&, Deadline) { throw std::runtime_error("the peer sent a goose"); }),
       job("throws-odd", [](FactSink&, Deadline) { throw 42; }),
       job("kills-itself", [](FactSink&, Deadline) { ::raise(SIGKILL); }), job("fine", say_hello)});
  EXPECT_EQ(results.at("segv").record.outcome, Outcome::crashed);
  EXPECT_NE(results.at("segv").record.detail.find("SIGSEGV"), std::string::npos);
  EXPECT_EQ(fact(results.at("segv"), "before"), "1");
  EXPECT_NE(results.at("abort").record.detail.find("SIGABRT"), std::string::npos);
  EXPECT_EQ(results.at("throws").record.outcome, Outcome::crashed);
  EXPECT_EQ(results.at("throws").record.detail, "the peer sent a goose");
  EXPECT_EQ(results.at("throws-odd").record.outcome, Outcome::crashed);
  EXPECT_EQ(results.at("throws-odd").record.detail, "an exception of unknown type");
  EXPECT_EQ(results.at("kills-itself").record.outcome, Outcome::crashed);
  EXPECT_NE(results.at("kills-itself").record.detail.find("SIGKILL"), std::string::npos);
  EXPECT_EQ(results.at("fine").record.outcome, Outcome::done);
}

TEST(Supervisor, AnExitOfALibraryIsNotDone) {
  const auto results = run_jobs({job("exit0", [](FactSink&, Deadline) { ::_exit(0); }),
                                 job("exit1", [](FactSink&, Deadline) { ::_exit(1); }),
                                 job("exit4", [](FactSink&, Deadline) { ::_exit(4); })});
  for (const auto& [id, result] : results) {
    EXPECT_EQ(result.record.outcome, Outcome::crashed) << id;
    EXPECT_EQ(result.record.detail, "it left by itself with exit status " + id.substr(4));
  }
}

TEST(Supervisor, MemoryIsLimitedPerTask) {
  if (kUnderSanitizer) GTEST_SKIP() << "no memory limit under a sanitizer";
  const auto touch_all = [](FactSink& sink, Deadline) {
    sink.put("before", "1");
    for (;;) {
      auto* block = new char[1 << 20];
      std::memset(block, 1, 1 << 20);
    }
  };
  const auto one_huge = [](FactSink& sink, Deadline) {
    auto* block = new char[200UL << 20];
    block[0] = 1;
    sink.put("block", std::to_string(block[0]));
  };
  const auto results =
      run_jobs({job("touch", touch_all), job("huge", one_huge), job("fine", say_hello)});
  EXPECT_EQ(results.at("touch").record.outcome, Outcome::out_of_memory);
  EXPECT_EQ(fact(results.at("touch"), "before"), "1");
  EXPECT_LT(results.at("touch").record.peak_memory_bytes, 100u << 20);
  EXPECT_EQ(results.at("huge").record.outcome, Outcome::out_of_memory);
  EXPECT_EQ(results.at("fine").record.outcome, Outcome::done);
}

TEST(Supervisor, NoMemoryEvenToSaySo) {
  if (kUnderSanitizer) GTEST_SKIP() << "no memory limit under a sanitizer";
  const auto every_last_byte = [](FactSink&, Deadline) {
    for (std::size_t size = 1 << 20; size >= 16;) {
      void* block = std::malloc(size);
      if (!block) size /= 2;
    }
    throw std::bad_alloc{};
  };
  const auto results = run_jobs({job("greedy", every_last_byte)});
  EXPECT_EQ(results.at("greedy").record.outcome, Outcome::out_of_memory);
  EXPECT_EQ(results.at("greedy").record.detail, "memory ran out");
}

TEST(Supervisor, AnEndlessRecursionIsACrash) {
  if (kUnderSanitizer) GTEST_SKIP();
  // In a process whose own stack is unlimited, as `ulimit -s unlimited` leaves it.
  const int status = testing::in_child([] {
    rlimit stack{};
    ::getrlimit(RLIMIT_STACK, &stack);
    stack.rlim_cur = stack.rlim_max;
    ::setrlimit(RLIMIT_STACK, &stack);
    const auto results = run_jobs({job("deep", [](FactSink&, Deadline) {
      std::function<int(int)> deeper = [&](int depth) {
        volatile char frame[65536];
        frame[0] = static_cast<char>(depth);
        return deeper(depth + 1) + frame[0];
      };
      deeper(0);
    })});
    const TaskRecord& record = results.at("deep").record;
    return record.outcome == Outcome::crashed && record.peak_memory_bytes < (64u << 20) ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

TEST(Supervisor, BoundsWhatATaskMaySay) {
  const auto one_huge = [](FactSink& sink, Deadline) {
    sink.put("small", "1");
    sink.put("huge", std::string(2 << 20, 'x'));
    sleep_forever();
  };
  const auto endless = [](FactSink& sink, Deadline) {
    for (;;) sink.put("again", std::string(1000, 'x'));
  };
  const auto zeros = [](FactSink&, Deadline) {
    for (;;) write_all(pipe_of_task(), std::string(4096, '\0'));
  };
  const auto garbage = [](FactSink& sink, Deadline) {
    sink.put("good", "1");
    write_all(pipe_of_task(), "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
  };
  const StopWatch watch;
  const auto results =
      run_jobs({job("huge", one_huge), job("endless", endless), job("zeros", zeros),
                job("garbage", garbage), job("fine", say_hello)},
               {.run = Deadline{20s}, .limits = {.frame_bytes = 1 << 20, .total_bytes = 4 << 20}});
  EXPECT_LT(watch.seconds(), 3);
  EXPECT_EQ(results.at("huge").record.outcome, Outcome::crashed);
  EXPECT_NE(results.at("huge").record.detail.find("over the limit of 1048576 bytes"),
            std::string::npos);
  EXPECT_EQ(fact(results.at("huge"), "small"), "1");
  EXPECT_EQ(results.at("endless").record.outcome, Outcome::crashed);
  EXPECT_NE(results.at("endless").record.detail.find("more than 4194304 bytes"), std::string::npos);
  EXPECT_EQ(results.at("zeros").record.outcome, Outcome::crashed);
  EXPECT_EQ(results.at("zeros").frames.size(), 0u);
  EXPECT_EQ(results.at("garbage").record.outcome, Outcome::crashed);
  EXPECT_EQ(fact(results.at("garbage"), "good"), "1");
  EXPECT_EQ(results.at("fine").record.outcome, Outcome::done);
}

TEST(Supervisor, ASentenceCutShortIsNotDone) {
  const auto results = run_jobs({job("cut", [](FactSink& sink, Deadline) {
    sink.put("good", "1");
    write_all(pipe_of_task(), std::string_view("\x05\0\0\0\x03\0key..", 11));
    ::_exit(0);
  })});
  EXPECT_EQ(results.at("cut").record.outcome, Outcome::crashed);
  EXPECT_EQ(results.at("cut").record.detail, "it ended in the middle of a fact");
  EXPECT_EQ(fact(results.at("cut"), "good"), "1");
}

TEST(Supervisor, SignalsDoNotSaveATask) {
  const auto deaf = [](FactSink& sink, Deadline) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCONT}) ::signal(number, SIG_IGN);
    sink.put("pid", std::to_string(::getpid()));
    sleep_forever();
  };
  const auto stopped = [](FactSink& sink, Deadline) {
    sink.put("pid", std::to_string(::getpid()));
    ::raise(SIGSTOP);
  };
  const StopWatch watch;
  const auto results = run_jobs({job("deaf", deaf, 200ms), job("stopped", stopped, 200ms)});
  EXPECT_LT(watch.seconds(), 0.7);
  for (const auto& [id, result] : results) {
    EXPECT_EQ(result.record.outcome, Outcome::timeout) << id;
    EXPECT_TRUE(testing::is_gone(fact(result, "pid"))) << id;
  }
}

TEST(Supervisor, ATaskThatClosesItsPipeIsStillWatched) {
  const auto results =
      run_jobs({job(
                    "hangs",
                    [](FactSink& sink, Deadline) {
                      sink.put("pid", std::to_string(::getpid()));
                      ::close(pipe_of_task());
                      sleep_forever();
                    },
                    200ms),
                job("ends", [](FactSink&, Deadline) { ::close(pipe_of_task()); })});
  EXPECT_EQ(results.at("hangs").record.outcome, Outcome::timeout);
  EXPECT_TRUE(testing::is_gone(fact(results.at("hangs"), "pid")));
  // It could not say that it was done, so nobody claims it.
  EXPECT_EQ(results.at("ends").record.outcome, Outcome::crashed);
}

TEST(Supervisor, ATaskSeesNothingOfOurs) {
  const int spy = ::open("/etc/passwd", O_RDONLY);  // without O_CLOEXEC on purpose
  const auto results = run_jobs({job("a", [](FactSink& sink, Deadline) {
    const auto where = [](int fd) {
      const auto link = host::read_link("/proc/self/fd/" + std::to_string(fd));
      return link ? *link : "closed";
    };
    sink.put("0", where(0));
    sink.put("1", where(1));
    sink.put("2", where(2));
    sink.put("fds", std::to_string(testing::open_descriptors()));
    sink.put("sid", ::getsid(0) == ::getpid() ? "own" : "ours");
    sink.put("terminal", ::open("/dev/tty", O_RDWR) < 0 ? "none" : "there");
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    sink.put("sigterm", sigismember(&mask, SIGTERM) ? "blocked" : "free");
    sink.put("oom", host::read_file("/proc/self/oom_score_adj").value());
  })});
  ::close(spy);
  const JobResult& result = results.at("a");
  for (const char* fd : {"0", "1", "2"}) EXPECT_EQ(fact(result, fd), "/dev/null");
  EXPECT_EQ(fact(result, "fds"), "5");  // three, the pipe, and the folder being listed
  EXPECT_EQ(fact(result, "sid"), "own");
  EXPECT_EQ(fact(result, "terminal"), "none");
  EXPECT_EQ(fact(result, "sigterm"), "free");
  EXPECT_EQ(fact(result, "oom"), "1000\n");
}

TEST(Supervisor, WorksWithClosedStandardStreams) {
  const int status = testing::in_child([] {
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    const auto results = run_jobs({job("a", say_hello)});
    return fact(results.at("a"), "greeting") == "\"hello\"" ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

TEST(Supervisor, JobsMayBeAddedWhileItRuns) {
  Supervisor supervisor{{.run = Deadline{20s}}};
  int left = 50;
  std::vector<std::string> seen;
  const auto next = [&] { supervisor.add(job("job " + std::to_string(left), say_hello)); };
  next();
  EXPECT_TRUE(supervisor.run([&](JobResult result) {
    EXPECT_EQ(result.record.outcome, Outcome::done);
    seen.push_back(result.record.id);
    if (--left > 0) next();
  }));
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Supervisor, ThousandTinyJobs) {
  Supervisor supervisor{{.run = Deadline{60s}, .parallel = 64}};
  const std::size_t descriptors = testing::open_descriptors();
  for (int i = 0; i < 1000; ++i) supervisor.add(job(std::to_string(i), say_hello));
  const StopWatch watch;
  std::map<std::string, Outcome> outcomes;
  supervisor.run([&](JobResult result) { outcomes[result.record.id] = result.record.outcome; });
  RecordProperty("milliseconds_per_task", std::to_string(watch.seconds()));
  EXPECT_LT(watch.seconds(), 20);
  EXPECT_EQ(outcomes.size(), 1000u);
  for (const auto& [id, outcome] : outcomes) EXPECT_EQ(outcome, Outcome::done) << id;
  EXPECT_EQ(testing::open_descriptors(), descriptors);
  EXPECT_TRUE(testing::has_no_children());
}

TEST(Supervisor, FewDescriptorsMakeItSlowerNotBlind) {
  const int status = testing::in_child([] {
    const auto few = static_cast<rlim_t>(testing::open_descriptors() + 12);
    const rlimit limit{few, few};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<Job> jobs;
    for (int i = 0; i < 100; ++i) jobs.push_back(job(std::to_string(i), say_hello));
    int done = 0;
    for (const auto& [id, result] : run_jobs(std::move(jobs))) {
      done += result.record.outcome == Outcome::done;
    }
    return done == 100 ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

TEST(Supervisor, WhatNeverStartedIsTold) {
  std::vector<Job> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(job(std::to_string(i), [](FactSink&, Deadline) { sleep_forever(); }));
  }
  const StopWatch watch;
  const auto results = run_jobs(std::move(jobs), {.run = Deadline{200ms}, .parallel = 4});
  EXPECT_LT(watch.seconds(), 0.7);
  int timeouts = 0, not_started = 0;
  for (const auto& [id, result] : results) {
    timeouts += result.record.outcome == Outcome::timeout;
    not_started += result.record.outcome == Outcome::not_started;
    EXPECT_NE(result.record.detail.find("the run's deadline passed"), std::string::npos);
  }
  EXPECT_EQ(timeouts, 4);
  EXPECT_EQ(not_started, 16);
}

TEST(Supervisor, JobsAddedTooLateAreToldAsWell) {
  Supervisor supervisor{{.run = Deadline{0ms}}};
  supervisor.add(job("first", say_hello));
  std::vector<std::string> told;
  supervisor.run([&](JobResult result) {
    EXPECT_EQ(result.record.outcome, Outcome::not_started);
    told.push_back(result.record.id);
    if (told.size() < 3) supervisor.add(job("later", say_hello));
  });
  EXPECT_EQ(told.size(), 3u);
}

TEST(Supervisor, InProcessGivesTheSameFacts) {
  const auto jobs = [] {
    return std::vector{job("fine", say_hello),
                       job("throws",
                           [](FactSink& sink, Deadline) {
                             sink.put("before", "1");
                             throw std::runtime_error("no luck");
                           }),
                       job("memory", [](FactSink&, Deadline) { throw std::bad_alloc{}; })};
  };
  const auto forked = run_jobs(jobs());
  const auto here = run_jobs(jobs(), {.run = Deadline{20s}, .execution = Execution::in_process});
  ASSERT_EQ(forked.size(), here.size());
  for (const auto& [id, result] : forked) {
    const JobResult& other = here.at(id);
    EXPECT_EQ(result.record.outcome, other.record.outcome) << id;
    EXPECT_EQ(result.record.detail, other.record.detail) << id;
    ASSERT_EQ(result.frames.size(), other.frames.size()) << id;
    for (std::size_t i = 0; i < result.frames.size(); ++i) {
      EXPECT_EQ(result.frames[i].key, other.frames[i].key);
      EXPECT_EQ(result.frames[i].payload, other.frames[i].payload);
    }
  }
}

TEST(Supervisor, OneThatEndedInTimeIsNotCalledLate) {
  // While the supervisor is busy with one result, another task ends and its deadline passes.
  Supervisor supervisor{{.run = Deadline{20s}}};
  supervisor.add(job("quick", say_hello, 5s));
  supervisor.add(job("in time", [](FactSink&, Deadline) { ::poll(nullptr, 0, 50); }, 150ms));
  supervisor.run([&](JobResult result) {
    EXPECT_EQ(result.record.outcome, Outcome::done) << result.record.id << result.record.detail;
    if (result.record.id == "quick") ::poll(nullptr, 0, 300);
  });
}

TEST(Supervisor, PrivateMemoryIsSmall) {
  EXPECT_GT(private_memory_bytes(), 100'000u);
}

}  // namespace
}  // namespace postflight
