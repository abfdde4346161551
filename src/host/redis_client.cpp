// SPDX-License-Identifier: Apache-2.0
#include "host/redis_client.h"

#include <hiredis/read.h>

#include <algorithm>

#include "base/text.h"

namespace postflight::host {
namespace {

constexpr std::size_t kLargestReply = 4UL << 20;
constexpr std::size_t kMostElements = 4096;

// hiredis hands its parse events to these functions; the tree they build is RedisReply itself.
RedisReply* place_for(const redisReadTask* task) {
  if (!task->parent) return new RedisReply;
  auto* parent = static_cast<RedisReply*>(task->parent->obj);
  return &parent->elements[static_cast<std::size_t>(task->idx)];
}

RedisReply::Type type_of(int type) {
  switch (type) {
    case REDIS_REPLY_ERROR: return RedisReply::Type::kError;
    case REDIS_REPLY_STATUS: return RedisReply::Type::kStatus;
    default: return RedisReply::Type::kString;
  }
}

void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  RedisReply* reply = place_for(task);
  reply->type = type_of(task->type);
  reply->text.assign(text, length);
  return reply;
}

/// hiredis 1.x passes a size_t here, 0.14 an int; the function pointer's own type decides.
template <class Count>
void* create_array(const redisReadTask* task, Count count) {
  // A hostile length must not allocate before its elements have come, nor arrays within arrays
  // multiply it: nothing we ask for is nested or has so many.
  if (task->parent || count < 0 || static_cast<std::size_t>(count) > kMostElements) return nullptr;
  RedisReply* reply = place_for(task);
  reply->type = RedisReply::Type::kArray;
  reply->elements.resize(static_cast<std::size_t>(count));
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place_for(task);
  reply->type = RedisReply::Type::kInteger;
  reply->text = std::to_string(value);
  return reply;
}

void* create_nil(const redisReadTask* task) {
  return place_for(task);
}

void free_reply(void* reply) {
  delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions* functions() {
  static redisReplyObjectFunctions table = [] {
    redisReplyObjectFunctions f{};
    f.createString = create_string;
    f.createArray = create_array;
    f.createInteger = create_integer;
    f.createNil = create_nil;
    f.freeObject = free_reply;
    return f;
  }();
  return &table;
}

struct ReaderDeleter {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

/// Gives the reader more bytes. A null pointer where the reply is not complete yet.
Result<std::unique_ptr<RedisReply>> feed(redisReader* reader, std::string_view bytes) {
  void* parsed = nullptr;
  if (redisReaderFeed(reader, bytes.data(), bytes.size()) != REDIS_OK ||
      redisReaderGetReply(reader, &parsed) != REDIS_OK) {
    return fail(Errc::kMalformed,
                "the reply is not Redis's protocol (RESP): " + excerpt(bytes, 60));
  }
  return std::unique_ptr<RedisReply>{static_cast<RedisReply*>(parsed)};
}

std::string encode(std::initializer_list<std::string_view> words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out.append(word).append("\r\n");
  }
  return out;
}

}  // namespace

Result<RedisReply> parse_redis_reply(std::string_view bytes) {
  const std::unique_ptr<redisReader, ReaderDeleter> reader{
      redisReaderCreateWithFunctions(functions())};
  if (!reader) throw std::bad_alloc{};
  PF_TRY_ASSIGN(const auto reply, feed(reader.get(), bytes));
  if (!reply) return fail(Errc::kMalformed, "the reply is not complete");
  return std::move(*reply);
}

void RedisClient::FreeReader::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisClient::RedisClient(TcpStream stream)
    : stream_(std::move(stream)), reader_(redisReaderCreateWithFunctions(functions())) {
  if (!reader_) throw std::bad_alloc{};
}
RedisClient::RedisClient(RedisClient&&) noexcept = default;
RedisClient& RedisClient::operator=(RedisClient&&) noexcept = default;
RedisClient::~RedisClient() = default;

Result<RedisClient> RedisClient::connect(const std::string& address, std::uint16_t port,
                                         Deadline deadline, const std::string& source) {
  PF_TRY_ASSIGN(TcpStream stream, TcpStream::connect(address, port, deadline, source));
  return RedisClient{std::move(stream)};
}

Result<RedisReply> RedisClient::command(std::initializer_list<std::string_view> words,
                                        Deadline deadline) {
  PF_TRY(stream_.send_all(encode(words), deadline));
  for (std::size_t received = 0; received <= kLargestReply;) {
    PF_TRY_ASSIGN(const std::string bytes, stream_.read_some(64 * 1024, deadline));
    if (bytes.empty()) return fail(Errc::kUnreachable, "the server closed the connection");
    received += bytes.size();
    PF_TRY_ASSIGN(const auto reply, feed(reader_.get(), bytes));
    if (reply) return std::move(*reply);
  }
  return fail(Errc::kMalformed, "the reply does not end");
}

}  // namespace postflight::host
