// SPDX-License-Identifier: Apache-2.0
// Redis as a counter, over one connection that is opened when first needed. Its absence never
// stops anything else. Source: hiredis 0.14.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backend/settings.h"

struct redisContext;

namespace postflight::lab {

/// Counts in Redis. Safe to use from many threads.
class Cache {
 public:
  explicit Cache(std::optional<RedisAddress> address) : address_(std::move(address)) {}

  /// Adds one to the key and returns the sum. Takes up to 2 s to connect and 2 s for the answer,
  /// and as long again where somebody else is waiting. The error is the text of Redis or hiredis.
  std::expected<long long, std::string> increment(const std::string& key);

  /// Adds one to the key if that can be done at once: not within three seconds of a failure, and
  /// not while another thread waits for Redis. What is not counted is lost.
  void count(const std::string& key);

 private:
  using Clock = std::chrono::steady_clock;
  struct Closer {
    void operator()(redisContext* context) const;
  };

  std::expected<long long, std::string> increment_locked(const std::string& key);
  std::expected<void, std::string> connect();
  std::expected<void, std::string> introduce();
  std::expected<long long, std::string> command(std::initializer_list<std::string> words);

  std::optional<RedisAddress> address_;
  std::timed_mutex mutex_;
  std::unique_ptr<redisContext, Closer> context_;
  Clock::time_point quiet_until_{};
};

}  // namespace postflight::lab
