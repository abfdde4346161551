// SPDX-License-Identifier: Apache-2.0
// The application of the lab's stack: an HTTP service over PostgreSQL and Redis, into whose
// surroundings the lab injects faults. Exits 78 where its environment is wrong, 1 where it cannot
// listen.
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "backend/cache.h"
#include "backend/database.h"
#include "backend/load.h"
#include "backend/pool.h"
#include "backend/routes.h"
#include "backend/server.h"
#include "backend/settings.h"

namespace postflight::lab {
namespace {

/// What requests in progress get at the end. The rest is cut: a thread inside libpq can wait for a
/// lock for seconds, and cannot be interrupted.
constexpr std::chrono::milliseconds kGrace{500};

int complain(int exit_code, const std::string& what) {
  fmt::print(stderr, "advakod_backend: {}\n", what);
  return exit_code;
}

/// For the whole process, before any thread is started: signals wait until they are asked for.
/// Blocked ones also reach a process that is the first of its container.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

[[noreturn]] void leave(int exit_code) {
  ::_exit(exit_code);  // not exit(): destructors would wait for threads that hang
}

void leave_on_signal(const sigset_t& signals, Server& server, std::atomic<bool>& asked_to) {
  int signal = 0;
  ::sigwait(&signals, &signal);
  asked_to = true;
  server.stop();
  std::this_thread::sleep_for(kGrace);
  leave(EX_OK);
}

void announce(const Settings& settings, const Database& database, std::uint16_t port) {
  std::string line = fmt::format("INFO:     database {}", database.shown());
  if (settings.redis) {
    const RedisAddress& redis = *settings.redis;
    line += fmt::format(", cache {}:{}/{}", redis.host, redis.port, redis.database);
  }
  if (!settings.qdrant.empty()) line += ", vectors " + settings.qdrant;
  say(settings.secrets.hide(line));
  say(fmt::format("INFO:     advakod backend listening on 0.0.0.0:{}", port));
}

int serve(const Settings& settings, const Database& database, const sigset_t& signals) {
  Cache cache{settings.redis};
  Pool pool{database};
  Load load{database, cache, settings.load_rate};
  const Routes routes{{database, pool, cache, load, settings.secrets}};
  Server server{routes};
  const auto port = server.bind(settings.port);
  if (!port) leave(complain(1, fmt::format("cannot listen on 0.0.0.0:{}", settings.port)));
  announce(settings, database, *port);
  std::atomic<bool> asked_to = false;
  std::thread{leave_on_signal, std::cref(signals), std::ref(server), std::ref(asked_to)}.detach();
  server.run();
  leave(asked_to ? EX_OK : complain(1, "cannot accept connections any more"));
}

int run() {
  const sigset_t signals = block_signals();
  ::mallopt(M_ARENA_MAX, 2);  // else each of many threads that mostly wait gets memory of its own
  const auto settings = read_settings();
  if (!settings) return complain(EX_CONFIG, settings.error());
  const auto database = Database::from_uri(settings->database_url);
  if (!database) return complain(EX_CONFIG, database.error());
  return serve(*settings, *database, signals);
}

}  // namespace
}  // namespace postflight::lab

int main() {
  return postflight::lab::run();
}
