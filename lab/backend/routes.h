// SPDX-License-Identifier: Apache-2.0
// What the backend answers. Knows nothing of sockets; the README has the endpoints as a table.
#pragma once

#include <map>
#include <string>

#include "backend/cache.h"
#include "backend/database.h"
#include "backend/load.h"
#include "backend/pool.h"
#include "backend/secrets.h"

namespace postflight::lab {

/// What was asked for.
struct Request {
  std::string method;
  std::string path;                               ///< Decoded, without the query.
  std::multimap<std::string, std::string> query;  ///< Decoded.
  std::string body;
};

/// What is answered; the body is JSON.
struct Answer {
  int status = 200;
  std::string body;
  std::string allow = {};  ///< With 405: the methods that would do.
};

/// {"detail": …}, for what is wrong with the request.
Answer refusal(int status, const std::string& detail);

/// The endpoints. Safe to use from many threads; a call takes as long as its database does.
class Routes {
 public:
  /// What the answers are made of; must outlive the routes.
  struct Parts {
    const Database& database;
    Pool& pool;
    Cache& cache;
    Load& load;
    const Secrets& secrets;
  };
  explicit Routes(const Parts& parts) : parts_(parts) {}

  Answer answer(const Request& request) const;

  /// To be called for every request that was answered: counts it in Redis.
  void answered(const Request& request) const;

 private:
  struct Route;
  static const Route kRoutes[];

  Answer health(const Request& request) const;
  Answer list(const Request& request) const;
  Answer cache(const Request& request) const;
  Answer show_load(const Request& request) const;
  Answer set_load(const Request& request) const;
  Answer unhealthy(const std::string& error) const;

  Parts parts_;
};

}  // namespace postflight::lab
