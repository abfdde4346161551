// SPDX-License-Identifier: Apache-2.0
#include "probes/http_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "probes/http_page.h"

namespace postflight {
namespace {

using host::HttpResponse;

constexpr std::size_t kExcerptLimit = 120;
// From here on an answer is asked for again: the first one after a start is often slow.
constexpr double kSecondLookSeconds = 1.0;

/// Everything that is said of one site once it has answered.
class SiteLook {
 public:
  SiteLook(const ProbeContext& context, Recorder<HttpFacts>& recorder, const HttpSite& site,
           const std::string& where)
      : context_(context),
        recorder_(recorder),
        facts_(recorder.facts),
        site_(site),
        where_(where) {}

  void look(const HttpResponse& response) {
    describe(response);
    recorder_.flush();
    if (response.seconds_to_first_byte >= second_look_seconds()) ask_again();
    recorder_.flush();
    follow(response);
    recorder_.flush();
    look_for_health();
  }

 private:
  Evidence from(const std::string& url, std::string_view raw) const {
    return context_.evidence(fmt::format("GET {}{}", without_query(url), where_), raw);
  }

  Evidence here(std::string_view raw) const { return from(site_.url(), raw); }

  static std::string summary(const HttpResponse& response) {
    return fmt::format("HTTP/{} {}; {}; {}", response.http_version, response.status,
                       response.content_type.empty() ? "no content type" : response.content_type,
                       excerpt(trim(response.body), kExcerptLimit));
  }

  void describe(const HttpResponse& response) {
    const Evidence evidence = here(summary(response));
    facts_.answers = Seen{true, evidence};
    facts_.url = Seen{site_.url(), evidence};
    facts_.tls = Seen{response.tls, evidence};
    facts_.status_code = Seen{static_cast<std::uint32_t>(response.status), evidence};
    facts_.http_version = Seen{response.http_version, evidence};
    facts_.server = header(response, "server");
    facts_.content_type = header(response, "content-type");
    set_times(response);
    describe_page(response);
  }

  void set_times(const HttpResponse& response) {
    const Evidence evidence =
        here(fmt::format("first byte after {:.3f} s, complete after {:.3f} s",
                         response.seconds_to_first_byte, response.seconds_total));
    facts_.first_byte_seconds = Seen{response.seconds_to_first_byte, evidence};
    facts_.total_seconds = Seen{response.seconds_total, evidence};
  }

  Observed<std::string> header(const HttpResponse& response, std::string_view name) const {
    const std::string* value = response.header(name);
    if (!value || value->empty()) return Absent{here(fmt::format("no {} header", name))};
    return Seen{excerpt(*value), here(fmt::format("{}: {}", name, *value))};
  }

  void describe_page(const HttpResponse& response) {
    const bool html = is_html(response.content_type, response.body);
    const std::string title = html ? html_title(response.body) : "";
    const Evidence evidence =
        title.empty() ? here(summary(response)) : here(fmt::format("<title>{}</title>", title));
    facts_.body_excerpt = text_or_absent(excerpt(response.body, kExcerptLimit), evidence);
    facts_.title = text_or_absent(title, evidence);
    const bool fine = response.status >= 200 && response.status < 300;
    facts_.directory_listing = Seen{fine && is_directory_listing(title), evidence};
    facts_.default_page = text_or_absent(
        std::string(fine && html ? default_page_name(title, response.body) : ""), evidence);
  }

  static Observed<std::string> text_or_absent(std::string text, const Evidence& evidence) {
    if (text.empty()) return Absent{evidence};
    return Seen{std::move(text), evidence};
  }

  double second_look_seconds() const {
    return std::min(kSecondLookSeconds, context_.settings.thresholds.http_slow_seconds);
  }

  void ask_again() {
    const auto response = site_.get(site_.url(), context_.deadline);
    const double first = facts_.first_byte_seconds.seen()->value;
    if (response && response->seconds_to_first_byte < first) set_times(*response);
  }

  void follow(const HttpResponse& response) {
    const Evidence evidence = here(summary(response));
    if (response.location.empty()) {
      facts_.redirect_location = Absent{evidence};
      facts_.redirects_to_itself = Seen{false, evidence};
      facts_.landing_url = Absent{evidence};
      facts_.landing_status = Absent{evidence};
      return;
    }
    facts_.redirect_location = Seen{without_query(response.location), evidence};
    const Trail trail = follow_redirects(site_, response, context_.deadline);
    if (trail.error) return leave_trail_open(unknown_from(*trail.error));
    const Evidence way = here(trail.text);
    facts_.redirects_to_itself = Seen{trail.loops, way};
    if (trail.loops || trail.leaves) {
      facts_.landing_url = Absent{way};
      facts_.landing_status = Absent{way};
      return;
    }
    facts_.landing_url = Seen{without_query(trail.end_url), way};
    facts_.landing_status = Seen{static_cast<std::uint32_t>(trail.end->status), way};
  }

  void leave_trail_open(const Unknown& why) {
    facts_.redirects_to_itself = why;
    facts_.landing_url = why;
    facts_.landing_status = why;
  }

  void look_for_health() {
    const HealthSearch search = search_health_path(site_, context_.deadline);
    if (search.answer) return describe_health(search.path, *search.answer);
    const Evidence evidence =
        here(fmt::format("none of {} known health paths has an answer of its own", search.tried));
    const auto close = [&](auto& fact) {
      if (search.error) {
        fact = unknown_from(*search.error);
      } else {
        fact = Absent{evidence};
      }
    };
    close(facts_.health_path);
    close(facts_.health_status);
    close(facts_.health_seconds);
    close(facts_.health_says);
    close(facts_.health_excerpt);
  }

  void describe_health(const std::string& path, const HttpResponse& response) {
    const Evidence evidence = from(site_.url(path), summary(response));
    facts_.health_path = Seen{path, evidence};
    facts_.health_status = Seen{static_cast<std::uint32_t>(response.status), evidence};
    facts_.health_seconds = Seen{response.seconds_total, evidence};
    facts_.health_says = text_or_absent(health_word(response.body), evidence);
    facts_.health_excerpt = text_or_absent(excerpt(response.body, kExcerptLimit), evidence);
  }

  const ProbeContext& context_;
  Recorder<HttpFacts>& recorder_;
  HttpFacts& facts_;
  const HttpSite& site_;
  const std::string& where_;
};

}  // namespace

void look_at_site(const ProbeContext& context, Recorder<HttpFacts>& recorder, const HttpSite& site,
                  const HttpResponse& response, const std::string& where) {
  SiteLook{context, recorder, site, where}.look(response);
}

}  // namespace postflight
