// SPDX-License-Identifier: Apache-2.0
// A few connections that stay open between requests, as an ordinary service keeps them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "backend/database.h"

namespace postflight::lab {

/// Lends connections and opens those anew that broke. A thread of its own sees to it that one is
/// open even if nobody asks, so that the dependency shows among the machine's sockets.
class Pool {
 public:
  /// `database` must outlive the pool. Waits for nothing.
  explicit Pool(const Database& database);

  /// Runs one statement on a free connection, waiting for one if need be. Repeats it once where a
  /// connection turns out to have been closed since its last use; so the statement must only read.
  std::expected<Rows, std::string> read(const char* sql,
                                        const std::vector<std::string>& parameters);

 private:
  /// A place for a connection; null where none is open yet.
  using Place = std::unique_ptr<Connection>;

  std::expected<Rows, std::string> read_on(Place& place, const char* sql,
                                           const std::vector<std::string>& parameters);
  std::optional<Place> borrow();
  std::optional<Place> borrow_if_none_open();
  void give_back(Place place);
  void keep_one_open(const std::stop_token& stop);

  const Database& database_;
  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<Place> free_;  ///< Those that are open stand behind those that are not.
  std::jthread keeper_;      ///< The last member: it ends before the others do.
};

}  // namespace postflight::lab
