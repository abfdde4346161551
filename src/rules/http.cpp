// SPDX-License-Identifier: Apache-2.0
// What is wrong with web servers, applications and public names. An answer of 4xx to GET / is no
// fault: an API need not have a page there, and a page may want a login.
#include "probes/http.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "rules/commands.h"
#include "rules/family.h"

namespace postflight {
namespace {

constexpr std::uint32_t kBadGateway = 502;
constexpr std::uint32_t kGatewayTimeout = 504;
constexpr const char* kLogLines = "100";

/// The words of a command that asks the way the probe did. `url` is the probe's, with "localhost".
rules::Words asking_command(const std::string& url, const JudgeContext& context) {
  rules::Words words = {"curl", "-si", "--max-time", "10"};
  const Service* service = rules::service_of(context);
  if (!service || service->listeners.empty()) {
    words.push_back(url);
    return words;
  }
  if (url.starts_with("https:")) words.push_back("-k");
  const std::string address = reachable_address(preferred_listener(*service).address);
  words.insert(words.end(), {"--connect-to", "::" + format_endpoint(address, service->port), url});
  return rules::in_network_of(service, words);
}

FindingDraft with_commands(FindingDraft draft, const std::string& url,
                           const JudgeContext& context) {
  const Service* service = rules::service_of(context);
  const std::string program = rules::program_of(service);
  const bool in_container = !rules::container_of(service).empty();
  draft.arg("url", url).arg("request", asking_command(url, context));
  if (rules::is_published_by_docker(service)) {
    draft.arg("published", service->port);
  } else if (const auto log = rules::log_command(context, service, kLogLines); !log.empty()) {
    draft.arg("logs", log);
  }
  // A command that names what is not given here is left out.
  if (rules::is_of_another_system(service)) return draft;
  if (program == "nginx") {
    draft.arg("nginx", rules::in_container_of(context, service, {"nginx"}));
    if (!in_container) draft.arg("error_log", "/var/log/nginx/error.log");
  }
  if (program == "apache2" && !in_container) draft.arg("apache", "/etc/apache2/sites-enabled");
  return draft;
}

bool is_gateway_error(std::uint32_t status) {
  return status == kBadGateway || status == kGatewayTimeout;
}

/// Speaks where the page, or the page that its redirects end at, is answered with a status of the
/// kind.
Verdicts judge_status(const HttpFacts& f, const JudgeContext& c, bool (*is_wanted)(std::uint32_t)) {
  const auto judge = [&](std::uint32_t status, const std::string& url) -> Verdicts {
    if (!is_wanted(status)) return silent();
    return with_commands(FindingDraft{Severity::critical}.arg("status", status), url, c);
  };
  Verdicts verdicts = judge_from(judge, f.status_code, f.url);
  const bool decided = !verdicts.findings.empty() || !verdicts.unknowns.empty();
  return decided ? verdicts : judge_from(judge, f.landing_status, f.landing_url);
}

Verdicts server_error(const HttpFacts& f, const JudgeContext& c) {
  return judge_status(
      f, c, [](std::uint32_t status) { return status >= 500 && !is_gateway_error(status); });
}

Verdicts gateway_error(const HttpFacts& f, const JudgeContext& c) {
  return judge_status(f, c, [](std::uint32_t status) { return is_gateway_error(status); });
}

std::string health_url(const std::string& url, const std::string& path) {
  return (url.ends_with('/') ? url.substr(0, url.size() - 1) : url) + path;
}

Verdicts health_check_fails(const HttpFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& path, std::uint32_t status, const std::string& url) -> Verdicts {
        if (status < 500) return silent();
        return with_commands(
            FindingDraft{Severity::critical}.arg("path", path).arg("status", status),
            health_url(url, path), c);
      },
      f.health_path, f.health_status, f.url);
}

/// Words by which health answers say that something is wrong, in lower case.
bool is_bad_word(std::string_view word) {
  constexpr std::array<std::string_view, 9> kBad = {"fail",  "failed",    "failing",
                                                    "error", "down",      "critical",
                                                    "false", "unhealthy", "out_of_service"};
  return std::ranges::find(kBad, word) != kBad.end();
}

/// A status of 200 with "status": "down" in it: monitors that look at the code alone see nothing.
Verdicts health_says_no(const HttpFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& path, std::uint32_t status, const std::string& word,
          const std::string& url) -> Verdicts {
        if (status >= 500 || !is_bad_word(word)) return silent();
        return with_commands(FindingDraft{Severity::critical}
                                 .arg("path", path)
                                 .arg("status", status)
                                 .arg("word", word),
                             health_url(url, path), c);
      },
      f.health_path, f.health_status, f.health_says, f.url);
}

Verdicts slow(const HttpFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](double seconds, const std::string& url) -> Verdicts {
        if (seconds < c.thresholds.http_slow_seconds) return silent();
        return with_commands(FindingDraft{Severity::warning}
                                 .arg("seconds", seconds)
                                 .arg("limit", c.thresholds.http_slow_seconds),
                             url, c);
      },
      f.first_byte_seconds, f.url);
}

Verdicts redirects_to_itself(const HttpFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool loops, const std::string& location, const std::string& url) -> Verdicts {
        if (!loops) return silent();
        return with_commands(FindingDraft{Severity::critical}.arg("location", location), url, c);
      },
      f.redirects_to_itself, f.redirect_location, f.url);
}

Verdicts directory_listing(const HttpFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool listing, const std::string& url) -> Verdicts {
        if (!listing) return silent();
        return with_commands(FindingDraft{Severity::info}, url, c);
      },
      f.directory_listing, f.url);
}

/// To the machine itself a default page is a curiosity; to visitors it is what they get for the
/// site.
Verdicts default_page(const HttpFacts& f, const JudgeContext& c) {
  if (const auto* unknown = f.public_name.unknown()) return *unknown;
  const Severity severity = f.public_name.seen() ? Severity::warning : Severity::info;
  return judge_from(
      [&](const std::string& page, const std::string& url) -> Verdicts {
        return with_commands(FindingDraft{severity}.arg("page", page), url, c);
      },
      f.default_page, f.url);
}

Verdicts not_in_dns(const HttpFacts& f, const JudgeContext&) {
  return judge_from(
      [](const std::string& name, bool exists) -> Verdicts {
        if (exists) return silent();
        return FindingDraft{Severity::critical}.arg("host", name);
      },
      f.public_name, f.in_dns);
}

/// True where it is this machine's own nginx that visitors meet, as far as was seen.
bool nginx_serves_https(const JudgeContext& context) {
  constexpr std::uint16_t kHttps = 443;
  const auto* topology = context.document.topology.seen();
  return topology && std::ranges::any_of(topology->value.services, [](const Service& service) {
           return service.netns.empty() && service.port == kHttps &&
                  rules::program_of(&service) == "nginx" && rules::container_of(&service).empty();
         });
}

/// What OpenSSL says of the chain. Other objections than these may be the machine's own: it may
/// lack the authorities that visitors' browsers have.
Verdicts certificate_refused(const HttpFacts& f, const JudgeContext& c) {
  constexpr std::array<std::string_view, 3> kRefusedByAll = {
      "certificate has expired", "certificate is not yet valid", "self-signed certificate"};
  return judge_from(
      [&](const std::string& name, const std::string& result) -> Verdicts {
        if (result == "ok") return silent();
        if (std::ranges::find(kRefusedByAll, result) == kRefusedByAll.end()) {
          return Unknown{Why::unsupported, "this machine cannot verify the certificate of " + name +
                                               ": " + result +
                                               "; visitors' browsers may know more authorities"};
        }
        FindingDraft draft =
            FindingDraft{Severity::critical}.arg("host", name).arg("result", result);
        if (nginx_serves_https(c)) draft.arg("nginx", "nginx");
        return draft;
      },
      f.public_name, f.certificate_check);
}

/// GET / was answered, and not by an error of the server.
std::vector<TestDraft> answers(const HttpFacts& f, const JudgeContext&) {
  if (f.answers.absent()) return {};
  TestDraft draft;
  if (const auto* unknown = f.answers.unknown()) draft.reason = *unknown;
  if (const auto* answered = f.answers.seen()) {
    const auto* status = f.status_code.seen();
    const bool well = answered->value && !(status && status->value >= 500);
    draft.status = well ? TestStatus::pass : TestStatus::fail;
    draft.evidence = {answered->evidence};
  }
  if (const auto* seconds = f.total_seconds.seen()) draft.duration_seconds = seconds->value;
  return {draft};
}

/// Only where a health path exists: its lack is no fault.
std::vector<TestDraft> health(const HttpFacts& f, const JudgeContext&) {
  const auto* path = f.health_path.seen();
  if (!path) return {};
  TestDraft draft;
  draft.args["path"] = path->value;
  if (const auto* unknown = f.health_status.unknown()) draft.reason = *unknown;
  if (const auto* status = f.health_status.seen()) {
    const auto* word = f.health_says.seen();
    const bool well = status->value < 500 && !(word && is_bad_word(word->value));
    draft.status = well ? TestStatus::pass : TestStatus::fail;
    draft.evidence = {status->evidence};
  }
  if (const auto* seconds = f.health_seconds.seen()) draft.duration_seconds = seconds->value;
  return {draft};
}

struct HttpRules {
  static constexpr std::array rules{
      Rule<HttpFacts>{"http/public-name-not-in-dns", &not_in_dns},
      Rule<HttpFacts>{"http/certificate-refused", &certificate_refused},
      Rule<HttpFacts>{"http/health-check-fails", &health_check_fails},
      Rule<HttpFacts>{"http/health-says-no", &health_says_no},
      Rule<HttpFacts>{"http/gateway-error", &gateway_error},
      Rule<HttpFacts>{"http/server-error", &server_error},
      Rule<HttpFacts>{"http/redirects-to-itself", &redirects_to_itself},
      Rule<HttpFacts>{"http/slow", &slow},
      Rule<HttpFacts>{"http/directory-listing", &directory_listing},
      Rule<HttpFacts>{"http/default-page", &default_page}};
  static constexpr std::array tests{FunctionalTest<HttpFacts>{"http/answers", &answers},
                                    FunctionalTest<HttpFacts>{"http/health", &health}};
  static constexpr std::array explains{Explains{"http/health-check-fails", "http/server-error"},
                                       Explains{"http/health-check-fails", "http/gateway-error"},
                                       Explains{"http/health-says-no", "http/server-error"}};
};

}  // namespace

namespace rules {

extern const RuleFamily http;
const RuleFamily http = define_family<HttpFacts, HttpRules>("http", "http");

}  // namespace rules

}  // namespace postflight
