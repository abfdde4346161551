// SPDX-License-Identifier: Apache-2.0
// What the backend is told by its environment, and by nothing else.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "backend/secrets.h"

namespace postflight::lab {

/// Where Redis listens and how to log in.
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  int database = 0;
  std::string user;      ///< Empty: log in with the password alone.
  std::string password;  ///< Empty: do not log in.
};

struct Settings {
  std::string database_url;           ///< DATABASE_URL, as given; libpq reads it.
  std::optional<RedisAddress> redis;  ///< REDIS_URL; nothing where it is not set.
  std::string qdrant;                 ///< QDRANT_URL as "host:port"; empty where it is not set.
  std::uint16_t port = 8000;          ///< PORT; 0 takes a free one.
  int load_rate = 0;                  ///< LOAD_RATE, statements per second.
  Secrets secrets;                    ///< The passwords of all URLs.
};

/// The load's highest rate in statements per second.
inline constexpr int kHighestLoadRate = 1000;

/// Reads DATABASE_URL, REDIS_URL, QDRANT_URL, PORT and LOAD_RATE; empty counts as not set.
/// The error is one sentence that names the variable and never its value.
std::expected<Settings, std::string> read_settings();

/// A whole decimal number from `lowest` to `highest`, without anything around it.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t lowest,
                                         std::int64_t highest);

}  // namespace postflight::lab
