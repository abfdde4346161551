// SPDX-License-Identifier: Apache-2.0
#include "backend/load.h"

#include <algorithm>
#include <string>

namespace postflight::lab {
namespace {

constexpr std::chrono::seconds kPauseWithoutDatabase{1};
/// A backlog no longer than this is made up for; after a longer halt the rate simply goes on.
constexpr std::chrono::milliseconds kLongestBacklog{100};

constexpr const char* kReadOne =
    "select body from chat_messages where id >= "
    "(select min(id) + floor(random() * (max(id) - min(id) + 1))::int from chat_messages) "
    "order by id limit 1";
constexpr const char* kWriteOne = "insert into audit_logs (what) values ($1)";

}  // namespace

Load::Load(const Database& database, Cache& cache, int rate)
    : database_(database),
      cache_(cache),
      counts_{.rate = rate},
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Load::set_rate(int rate) {
  const std::scoped_lock lock{mutex_};
  counts_.rate = rate;
  changed_.notify_all();
}

Load::Counts Load::counts() const {
  const std::scoped_lock lock{mutex_};
  return counts_;
}

void Load::work(const std::stop_token& stop) {
  Clock::time_point next = Clock::now();
  while (!stop.stop_requested()) {
    wait_until_on(stop);
    const int rate = counts().rate;
    if (rate == 0) continue;
    const bool connected = run_one();
    const auto now = Clock::now();
    next = std::max(next, now - kLongestBacklog) +
           std::chrono::duration_cast<Clock::duration>(std::chrono::seconds{1}) / rate;
    if (!connected) next = now + kPauseWithoutDatabase;
    if (pause(stop, next)) next = Clock::now();
  }
}

/// Returns at once while the load is on. While it is off no connection is held.
void Load::wait_until_on(const std::stop_token& stop) {
  if (counts().rate == 0) connection_.reset();
  std::unique_lock lock{mutex_};
  changed_.wait(lock, stop, [this] { return counts_.rate != 0; });
}

/// Waits until then, or until the rate changes; true in that case.
bool Load::pause(const std::stop_token& stop, Clock::time_point until) {
  std::unique_lock lock{mutex_};
  const int rate = counts_.rate;
  return changed_.wait_until(lock, stop, until, [&] { return counts_.rate != rate; });
}

/// Opens the connection or runs one statement. False where there is no database to work with.
bool Load::run_one() {
  if (!connection_) {
    auto opened = database_.connect();
    if (!opened) return record(false), false;
    connection_.emplace(*std::move(opened));
  }
  const auto rows = writes_next_ ? connection_->query(kWriteOne, {"load: read a chat message"})
                                 : connection_->query(kReadOne);
  writes_next_ = !writes_next_;
  record(rows.has_value());
  cache_.count("advakod:load");
  if (!rows && !connection_->usable()) connection_.reset();
  return connection_.has_value();
}

void Load::record(bool worked) {
  const std::scoped_lock lock{mutex_};
  ++(worked ? counts_.done : counts_.failed);
}

}  // namespace postflight::lab
