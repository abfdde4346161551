// SPDX-License-Identifier: Apache-2.0
#include "probes/http_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "probes/http_page.h"

namespace postflight {
namespace {

constexpr int kMostRedirects = 8;
constexpr std::size_t kMostCookieBytes = 4096;
constexpr std::size_t kBodyLimit = 64 * 1024;
// One path that hangs must not take the time of all others.
constexpr Duration kHealthPathLimit = std::chrono::seconds{2};
constexpr std::string_view kNoSuchPath = "/postflight-no-such-page";

bool is_redirect(const host::HttpResponse& response) {
  const int status = response.status;
  const bool leads =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return leads && !response.location.empty();
}

/// One walk along redirects with the cookies given, collecting those that are set on the way.
class Walk {
 public:
  Walk(const HttpSite& site, Deadline deadline) : site_(site), deadline_(deadline) {}

  Trail go(const host::HttpResponse& first) {
    trail_ = {};
    trail_.text = without_query(site_.url());
    trail_.end_url = site_.url();
    trail_.end = first;
    visited_ = {normal_url(site_.url())};
    for (int step = 0; is_redirect(*trail_.end); ++step) {
      const std::string next = trail_.end->location;
      keep_cookies(*trail_.end);
      trail_.text += fmt::format(" -> {} {}", trail_.end->status, without_query(next));
      if (!may_go_to(next, step)) return trail_;
      auto answer = site_.get(next, deadline_, sent_cookies_);
      if (!answer) return stop(std::move(answer).error());
      trail_.end_url = next;
      trail_.end = *std::move(answer);
    }
    trail_.text += fmt::format(" -> {}", trail_.end->status);
    return trail_;
  }

  const std::string& cookies() const { return cookies_; }
  void send_cookies(std::string cookies) { sent_cookies_ = std::move(cookies); }

 private:
  bool may_go_to(const std::string& next, int step) {
    trail_.leaves = !site_.holds(next);
    trail_.loops = !trail_.leaves && !visited_.insert(normal_url(next)).second;
    if (trail_.leaves || trail_.loops) return false;
    if (step + 1 < kMostRedirects) return true;
    stop({Errc::kUnsupported,
          fmt::format("more than {} redirects in a row: {}", kMostRedirects, trail_.text)});
    return false;
  }

  Trail& stop(Error error) {
    trail_.error = std::move(error);
    return trail_;
  }

  void keep_cookies(const host::HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
      const std::string_view pair = name == "set-cookie" ? cookie_pair(value) : std::string_view{};
      if (pair.empty() || cookies_.size() + pair.size() > kMostCookieBytes) continue;
      cookies_ += (cookies_.empty() ? "" : "; ") + std::string(pair);
    }
  }

  const HttpSite& site_;
  Deadline deadline_;
  Trail trail_;
  std::set<std::string> visited_;
  std::string cookies_;
  std::string sent_cookies_;
};

PageAnswer page_answer(const host::HttpResponse& response) {
  return {response.status, response.content_type, response.body};
}

}  // namespace

bool HttpSite::holds(std::string_view url) const {
  const std::string normal = normal_url(url);
  return std::ranges::find(origins, origin_of(normal)) != origins.end();
}

Result<host::HttpResponse> HttpSite::get(const std::string& url, Deadline deadline,
                                         const std::string& cookies) const {
  host::HttpRequest request;
  request.url = url;
  request.connect_address = address;
  request.deadline = deadline;
  request.body_limit = kBodyLimit;
  if (!cookies.empty()) request.headers.emplace_back("Cookie", cookies);
  return host::http_get(request);
}

std::string origin(std::string_view scheme, std::string_view host, std::uint16_t port) {
  return std::string(origin_of(normal_url(fmt::format("{}://{}:{}/", scheme, host, port))));
}

Trail follow_redirects(const HttpSite& site, const host::HttpResponse& first, Deadline deadline) {
  Walk walk{site, deadline};
  Trail trail = walk.go(first);
  if (!trail.loops || walk.cookies().empty()) return trail;
  walk.send_cookies(walk.cookies());
  const auto again = site.get(site.url(), deadline, walk.cookies());
  if (!again) {
    trail.loops = false;
    trail.error = again.error();
    return trail;
  }
  trail = walk.go(*again);
  trail.text += " (with the cookies that were set)";
  return trail;
}

HealthSearch search_health_path(const HttpSite& site, Deadline deadline) {
  HealthSearch search;
  const auto unknown = site.get(site.url(kNoSuchPath), deadline.within(kHealthPathLimit));
  if (!unknown) {
    search.error = unknown.error();
    return search;
  }
  for (const std::string_view path : kHealthPaths) {
    auto answer = site.get(site.url(path), deadline.within(kHealthPathLimit));
    ++search.tried;
    if (!answer) {
      if (!search.error) {
        search.error =
            Error{answer.error().code, fmt::format("GET {}: {}", path, answer.error().what)};
      }
      continue;
    }
    if (!is_health_answer(path, page_answer(*answer), page_answer(*unknown))) continue;
    return {std::string(path), *std::move(answer), std::nullopt, search.tried};
  }
  if (!search.error && unknown->status >= 500) {
    search.error =
        Error{Errc::kUnsupported,
              fmt::format("a path that does not exist is answered with {} too, so a failing "
                          "health path cannot be told from others",
                          unknown->status)};
  }
  return search;
}

}  // namespace postflight
