// SPDX-License-Identifier: Apache-2.0
// Work for the database that can be switched on: reads chat_messages, writes audit_logs. Never
// writes users, chat_sessions or chat_messages: whoever compares them before and after relies on
// it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "backend/cache.h"
#include "backend/database.h"

namespace postflight::lab {

/// Statements at a given rate, from one thread over a connection of its own.
class Load {
 public:
  struct Counts {
    int rate = 0;            ///< Statements per second that are asked for; 0 is off.
    std::uint64_t done = 0;  ///< Statements that worked, since the start of the process.
    std::uint64_t failed =
        0;  ///< Statements that failed, and connections that could not be opened.
  };

  /// `database` and `cache` must outlive the load.
  Load(const Database& database, Cache& cache, int rate);

  /// Takes effect at once, but for a statement that is running. 0 also closes the connection.
  void set_rate(int rate);
  Counts counts() const;

 private:
  using Clock = std::chrono::steady_clock;

  void work(const std::stop_token& stop);
  bool pause(const std::stop_token& stop, Clock::time_point until);
  void wait_until_on(const std::stop_token& stop);
  bool run_one();
  void record(bool worked);

  const Database& database_;
  Cache& cache_;
  mutable std::mutex mutex_;  ///< Guards counts_.
  std::condition_variable_any changed_;
  Counts counts_;
  std::optional<Connection> connection_;  ///< Of the thread alone, as is what follows.
  bool writes_next_ = false;
  std::jthread thread_;  ///< The last member: it ends before the others do.
};

}  // namespace postflight::lab
