// SPDX-License-Identifier: Apache-2.0
// Talks RESP2 over a plain TCP stream, with hiredis's reader as the codec and our own waiting, so
// that no call outlives its deadline. Source: Redis serialization protocol specification.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "host/tcp.h"

struct redisReader;

namespace postflight::host {

/// One reply. An error reply is a reply: the server spoke.
struct RedisReply {
  enum class Type { kStatus, kError, kInteger, kString, kNil, kArray };
  Type type = Type::kNil;
  std::string text;  ///< Status, error, string, or the integer in decimal.
  std::vector<RedisReply> elements;

  bool is_error() const { return type == Type::kError; }
};

/// The first reply in `bytes`. Errors: kMalformed where it is not RESP, or not all of it is there.
/// Pure.
Result<RedisReply> parse_redis_reply(std::string_view bytes);

class RedisClient {
 public:
  /// Connects to a numeric address; `source` is the local address to come from, empty for any.
  static Result<RedisClient> connect(const std::string& address, std::uint16_t port,
                                     Deadline deadline, const std::string& source = "");

  RedisClient(RedisClient&&) noexcept;
  RedisClient& operator=(RedisClient&&) noexcept;
  ~RedisClient();

  /// Sends one command and waits for its reply. Errors: kMalformed when what comes back is not RESP
  /// or is larger than 4 MiB, kTimeout, kUnreachable when the server hangs up.
  Result<RedisReply> command(std::initializer_list<std::string_view> words, Deadline deadline);

 private:
  explicit RedisClient(TcpStream stream);

  struct FreeReader {
    void operator()(redisReader* reader) const;
  };
  TcpStream stream_;
  std::unique_ptr<redisReader, FreeReader> reader_;
};

}  // namespace postflight::host
