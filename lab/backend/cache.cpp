// SPDX-License-Identifier: Apache-2.0
#include "backend/cache.h"

#include <hiredis/hiredis.h>

#include <vector>

namespace postflight::lab {
namespace {

constexpr timeval kTimeout{.tv_sec = 2, .tv_usec = 0};
constexpr std::chrono::seconds kQuietAfterFailure{3};
constexpr std::chrono::milliseconds kPatience{100};

using Reply = std::unique_ptr<redisReply, void (*)(void*)>;

/// hiredis says "Resource temporarily unavailable" where it means that the time is over.
std::string error_of(const redisContext& context) {
  const bool late = context.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  return late ? "no answer from Redis within 2 s" : context.errstr;
}

}  // namespace

void Cache::Closer::operator()(redisContext* context) const {
  redisFree(context);
}

std::expected<long long, std::string> Cache::increment(const std::string& key) {
  const std::scoped_lock lock{mutex_};
  return increment_locked(key);
}

void Cache::count(const std::string& key) {
  const std::unique_lock lock{mutex_, kPatience};
  if (!lock || Clock::now() < quiet_until_) return;
  (void)increment_locked(key);
}

std::expected<long long, std::string> Cache::increment_locked(const std::string& key) {
  const bool was_open = context_ != nullptr;
  auto sum = command({"INCR", key});
  // A connection that was closed since its last use is no failure yet; one that timed out is.
  if (!sum && was_open && context_ && context_->err == REDIS_ERR_EOF) {
    context_.reset();
    sum = command({"INCR", key});
  }
  if (context_ && context_->err != 0) context_.reset();
  quiet_until_ = sum ? Clock::time_point{} : Clock::now() + kQuietAfterFailure;
  return sum;
}

std::expected<void, std::string> Cache::connect() {
  if (!address_) return std::unexpected("REDIS_URL is not set");
  context_.reset(redisConnectWithTimeout(address_->host.c_str(), address_->port, kTimeout));
  if (!context_) return std::unexpected("out of memory");
  if (context_->err != 0) return std::unexpected(error_of(*context_));
  redisSetTimeout(context_.get(), kTimeout);
  redisEnableKeepAlive(context_.get());
  return introduce();
}

/// Logs in and selects the database. After a refusal the connection is closed again, so that the
/// next use does not find it half made.
std::expected<void, std::string> Cache::introduce() {
  std::expected<long long, std::string> done = 0;
  if (!address_->password.empty()) {
    done = address_->user.empty() ? command({"AUTH", address_->password})
                                  : command({"AUTH", address_->user, address_->password});
  }
  if (done && address_->database != 0) {
    done = command({"SELECT", std::to_string(address_->database)});
  }
  if (done) return {};
  context_.reset();
  return std::unexpected(std::move(done).error());
}

/// Sends one command, connecting first if need be. What is not a number counts as 0.
std::expected<long long, std::string> Cache::command(std::initializer_list<std::string> words) {
  if (!context_) {
    if (auto connected = connect(); !connected)
      return std::unexpected(std::move(connected).error());
  }
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    parts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const Reply reply{
      static_cast<redisReply*>(redisCommandArgv(context_.get(), static_cast<int>(parts.size()),
                                                parts.data(), sizes.data())),
      freeReplyObject};
  if (!reply) return std::unexpected(error_of(*context_));
  if (reply->type == REDIS_REPLY_ERROR) return std::unexpected(std::string{reply->str, reply->len});
  return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

}  // namespace postflight::lab
