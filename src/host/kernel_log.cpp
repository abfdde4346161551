// SPDX-License-Identifier: Apache-2.0
#include "host/kernel_log.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <span>

#include "base/text.h"
#include "host/file_descriptor.h"

namespace postflight::host {
namespace {

constexpr std::size_t kMessagesKept = 200;
constexpr std::size_t kRecordLimit = 8192;    // CONSOLE_EXT_LOG_MAX, kernel/printk
constexpr std::size_t kBytesRead = 64 << 20;  // log_buf_len ends far below; a plain file might not

bool contains_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// Takes in what one read brought: one record of the device, or a piece of a file of records.
class Collector {
 public:
  Collector(KernelLog& log, std::span<const std::string_view> wanted)
      : log_(log), wanted_(wanted) {}

  void feed(std::string_view piece) {
    rest_ += piece;
    std::size_t start = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', start)) {
      take(std::string_view(rest_).substr(start, end - start));
      start = end + 1;
    }
    rest_.erase(0, start);
    if (rest_.size() > kRecordLimit) rest_.clear();
  }

 private:
  void take(std::string_view line) {
    // The dictionary of a record follows on lines that begin with a blank: no records.
    auto message = parse_kernel_record(line);
    if (!message) return;
    if (!log_.oldest_microseconds) log_.oldest_microseconds = message->microseconds;
    if (!contains_any(message->text, wanted_)) return;
    if (log_.messages.size() == kMessagesKept) log_.messages.erase(log_.messages.begin());
    log_.messages.push_back(*std::move(message));
  }

  KernelLog& log_;
  std::span<const std::string_view> wanted_;
  std::string rest_;
};

std::string one_line(std::string_view bytes) {
  std::string text = printable_utf8(bytes);
  std::ranges::replace(text, '\t', ' ');
  return text;
}

}  // namespace

std::optional<KernelMessage> parse_kernel_record(std::string_view record) {
  const auto semicolon = record.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  const auto fields = split(record.substr(0, semicolon), ',');
  if (fields.size() < 3) return std::nullopt;
  const auto priority = parse_number<std::uint32_t>(fields[0]);
  const auto time = parse_number<std::uint64_t>(fields[2]);
  if (!priority || !time || *priority >> 3 != 0) return std::nullopt;
  return KernelMessage{*time, one_line(record.substr(semicolon + 1))};
}

Result<KernelLog> read_kernel_log(const std::string& path, std::span<const std::string_view> wanted,
                                  Deadline deadline) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) return fail_errno("open " + path, errno);
  KernelLog log;
  Collector collector{log, wanted};
  std::array<char, kRecordLimit> buffer;
  for (std::size_t total = 0; total < kBytesRead;) {
    if (deadline.passed()) {
      log.complete = false;
      break;
    }
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno == EAGAIN)) break;
    // EPIPE: the record we stood at was overwritten; the next read goes on with the oldest left.
    if (count < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (count < 0) return fail_errno("read " + path, errno);
    collector.feed({buffer.data(), static_cast<std::size_t>(count)});
    total += static_cast<std::size_t>(count);
  }
  return log;
}

WallTime wall_time_of(const KernelMessage& message) {
  timespec since_start{};
  ::clock_gettime(CLOCK_MONOTONIC, &since_start);
  const auto now =
      std::chrono::seconds{since_start.tv_sec} + std::chrono::nanoseconds{since_start.tv_nsec};
  const auto age = now - std::chrono::microseconds{message.microseconds};
  return wall_now() - std::chrono::floor<std::chrono::milliseconds>(age);
}

}  // namespace postflight::host
