// SPDX-License-Identifier: Apache-2.0
// Walking around on one web site by plain GET requests: the page itself, where its redirects end,
// which health path it has. Never leaves the site, never sends anything but what the site itself
// had sent. Source: RFC 9110, sections 9.2.1 (safe methods) and 15.4 (redirects).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "host/http_client.h"

namespace postflight {

/// A web site and the address at which it is asked.
struct HttpSite {
  std::string address;  ///< Numeric.
  std::vector<std::string>
      origins;  ///< "https://example.org", the first being the one that is asked.

  std::string url(std::string_view path = "/") const { return origins.front() + std::string(path); }
  bool holds(std::string_view url) const;
  Result<host::HttpResponse> get(const std::string& url, Deadline deadline,
                                 const std::string& cookies = {}) const;
};

/// "http://localhost:8000"; the port is left out where it is the scheme's own.
std::string origin(std::string_view scheme, std::string_view host, std::uint16_t port);

/// Where redirects lead.
struct Trail {
  std::string text;     ///< For evidence: "http://a/ -> 301 http://a/login -> 200".
  bool loops = false;   ///< It came back to a URL already visited.
  bool leaves = false;  ///< It ends at another site, which was not asked.
  std::string end_url;  ///< The last URL that was asked.
  std::optional<host::HttpResponse> end;  ///< What it answered.
  std::optional<Error> error;             ///< Why the trail could not be followed to its end.
};

/// Follows the redirect in `first`, the answer to site.url(). Where that goes round in a circle and
/// a cookie was given on the way, tries once more with it, as a browser would.
Trail follow_redirects(const HttpSite& site, const host::HttpResponse& first, Deadline deadline);

/// What the search for a health path found.
struct HealthSearch {
  std::string path;  ///< Empty where none was found.
  std::optional<host::HttpResponse> answer;
  std::optional<Error> error;  ///< Why not finding one means nothing.
  std::size_t tried = 0;
};

/// Asks for each of kHealthPaths until one has an answer of its own.
HealthSearch search_health_path(const HttpSite& site, Deadline deadline);

}  // namespace postflight
