// SPDX-License-Identifier: Apache-2.0
#include "probes/http.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "host/namespaces.h"
#include "host/resolver.h"
#include "host/tcp.h"
#include "probes/http_look.h"
#include "probes/http_page.h"
#include "probes/http_site.h"
#include "probes/recorder.h"
#include "probes/service_target.h"

namespace postflight {
namespace {

using host::HttpResponse;

constexpr Duration kFirstBytesLimit = std::chrono::seconds{1};
constexpr Duration kOtherAddressLimit = std::chrono::milliseconds{1500};
constexpr Duration kPlainToTlsLimit = std::chrono::milliseconds{500};
constexpr std::size_t kMostAddressesAsked = 3;
constexpr std::string_view kPlainRequest =
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

template <class... T>
void set_absent(const Evidence& evidence, T&... facts) {
  ((facts = Absent{evidence}), ...);
}

void set_all_absent(HttpFacts& facts, const Evidence& evidence) {
  for_each_field<HttpFacts>(facts, [&](std::string_view, auto& fact, std::string_view) {
    if (fact.unknown() && fact.unknown()->why == Why::not_planned) fact = Absent{evidence};
  });
}

/// A site that answered.
struct Reached {
  HttpSite site;
  HttpResponse response;
};

/// One service of this machine.
class ServiceLook {
 public:
  ServiceLook(const ProbeContext& context, Recorder<HttpFacts>& recorder)
      : context_(context),
        service_(context.target.service),
        recorder_(recorder),
        address_(reachable_address(preferred_listener(service_).address)),
        endpoint_(format_endpoint(address_, service_.port)) {}

  Result<void> look() {
    HttpFacts& facts = recorder_.facts;
    set_absent(context_.evidence("the target", service_.id + " is a service of this machine"),
               facts.public_name, facts.in_dns, facts.addresses, facts.certificate_check,
               facts.redirects_to_https);
    recorder_.flush();
    if (service_.netns_pid != 0) PF_TRY(host::enter_network_namespace(service_.netns_pid));
    auto reached = reach();
    if (!reached) return explain(reached.error());
    look_at_site(context_, recorder_, reached->site, reached->response, where());
    return {};
  }

 private:
  std::string where() const {
    if (service_.netns_pid == 0) return fmt::format(" at {}", endpoint_);
    return fmt::format(" at {} in the network namespace {}", endpoint_, service_.netns);
  }

  /// A site and the time it may take where another way is to be tried after it.
  struct Way {
    HttpSite site;
    std::optional<Duration> limit;
  };

  /// Servers may turn away a host name they do not know without a word (nginx: return 444,
  /// ssl_reject_handshake), so a public name is tried after "localhost". Where only the port
  /// suggests TLS, plain text is tried first: what speaks TLS refuses it at once, while what does
  /// not may wait for ever for the end of a line in a TLS handshake.
  std::vector<Way> ways() const {
    std::vector<std::string> names = {"localhost"};
    if (!context_.settings.public_names.empty())
      names.push_back(context_.settings.public_names.front());
    const bool tls = service_.guess.protocol == "https";
    const bool tls_first = tls && service_.guess.certain;
    std::vector<Way> ways;
    for (const std::string& name : names) {
      for (const bool secure : {tls_first, !tls_first}) {
        Way way{{address_, {origin(secure ? "https" : "http", name, service_.port)}}, std::nullopt};
        if (tls && !secure) way.limit = kPlainToTlsLimit;
        ways.push_back(std::move(way));
      }
    }
    return ways;
  }

  /// The first way that is answered; in lack of one the error of the most probable way.
  Result<Reached> reach() const {
    std::optional<Error> told;
    for (const auto& [site, limit] : ways()) {
      const Deadline deadline = limit ? context_.deadline.within(*limit) : context_.deadline;
      auto response = site.get(site.url(), deadline);
      const bool wants_tls =
          response && !response->tls && asks_for_tls(response->status, response->body);
      if (response && !wants_tls) return Reached{site, *std::move(response)};
      if (wants_tls || (limit && !context_.deadline.passed())) continue;
      const bool hopeless =
          response.error().code == Errc::kTimeout || response.error().code == Errc::kDenied;
      if (!told || hopeless) told = std::move(response).error();
      if (hopeless) break;
    }
    if (!told) return fail(Errc::kTimeout, endpoint_ + ": no answer in time");
    return std::unexpected(*std::move(told));
  }

  /// What it means that no way was answered.
  Result<void> explain(const Error& error) {
    if (error.code != Errc::kMalformed && error.code != Errc::kUnreachable)
      return std::unexpected(error);
    const Deadline deadline = context_.deadline.within(kFirstBytesLimit);
    auto stream = host::TcpStream::connect(address_, service_.port, deadline);
    if (!stream) return std::unexpected(error);
    const std::string bytes = first_bytes(*stream, deadline);
    const bool foreign = !bytes.empty() && classify_first_bytes(bytes) == FirstBytes::other;
    if (!foreign) return fail(error.code, error.what + advice());
    if (service_.guess.certain) return std::unexpected(error);
    set_all_absent(recorder_.facts, context_.evidence("first bytes from " + endpoint_,
                                                      "not HTTP: " + excerpt(bytes, 60)));
    return {};
  }

  std::string advice() const {
    if (!context_.settings.public_names.empty()) return "";
    return "; if it answers to certain host names only, name one under public_names in "
           "postflight.yaml";
  }

  /// What comes back to a request in plain text, or nothing.
  static std::string first_bytes(host::TcpStream& stream, Deadline deadline) {
    const auto sent = stream.send_all(kPlainRequest, deadline);
    const auto bytes = sent ? stream.read_some(64, deadline) : Result<std::string>{std::string{}};
    return bytes ? *bytes : "";
  }

  const ProbeContext& context_;
  const Service& service_;
  Recorder<HttpFacts>& recorder_;
  std::string address_;
  std::string endpoint_;
};

/// One public name, from inside.
class NameLook {
 public:
  NameLook(const ProbeContext& context, Recorder<HttpFacts>& recorder)
      : context_(context),
        name_(context.target.public_name),
        recorder_(recorder),
        facts_(recorder.facts) {}

  Result<void> look() {
    facts_.public_name = Seen{name_, context_.evidence("the setting public_names", name_)};
    PF_TRY_ASSIGN(const bool exists, resolve());
    recorder_.flush();
    if (!exists) return {};
    PF_TRY_ASSIGN(Reached reached, reach());
    set_certificate_check(reached);
    look_at_plain_http(reached);
    recorder_.flush();
    look_at_site(context_, recorder_, reached.site, reached.response, where_of(reached.site));
    return {};
  }

 private:
  Result<bool> resolve() {
    const std::string source = fmt::format("DNS lookup of {}, seen from inside", name_);
    auto addresses = host::resolve(name_, context_.deadline);
    if (!addresses && addresses.error().code == Errc::kNotFound) {
      const Evidence evidence = context_.evidence(source, addresses.error().what);
      facts_.in_dns = Seen{false, evidence};
      facts_.answers = Seen{false, evidence};
      set_all_absent(facts_, evidence);
      return false;
    }
    if (!addresses) return std::unexpected(std::move(addresses).error());
    std::string text;
    for (const std::string& address : *addresses) text += (text.empty() ? "" : " ") + address;
    facts_.in_dns = Seen{true, context_.evidence(source, text)};
    facts_.addresses = Seen{*std::move(addresses), context_.evidence(source, text)};
    return true;
  }

  HttpSite site(const std::string& address, bool tls) const {
    const std::string secure = "https://" + name_, plain = "http://" + name_;
    return {address, tls ? std::vector{secure, plain} : std::vector{plain, secure}};
  }

  std::string where_of(const HttpSite& site) const {
    const bool tls = site.origins.front().starts_with("https:");
    return fmt::format(" at {}, seen from inside", format_endpoint(site.address, tls ? 443 : 80));
  }

  /// HTTPS; plain HTTP only where nobody listens for HTTPS and plain HTTP does not lead there.
  Result<Reached> reach() const {
    auto secure = reach(true);
    if (secure || secure.error().code != Errc::kUnreachable) return secure;
    auto plain = reach(false);
    if (plain && !plain->response.location.starts_with("https:")) return plain;
    return secure;
  }

  Result<Reached> reach(bool tls) const {
    const auto& addresses = facts_.addresses.seen()->value;
    const std::size_t count = std::min(addresses.size(), kMostAddressesAsked);
    std::optional<Error> first_error;
    for (std::size_t i = 0; i < count; ++i) {
      const HttpSite asked = site(addresses[i], tls);
      const bool last = i + 1 == count;
      const Deadline deadline =
          last ? context_.deadline : context_.deadline.within(kOtherAddressLimit);
      auto response = asked.get(asked.url(), deadline);
      if (response) return Reached{asked, *std::move(response)};
      if (!first_error) first_error = std::move(response).error();
    }
    if (!first_error) return fail(Errc::kMalformed, name_ + " has no address to ask");
    return fail(first_error->code, first_error->what + " (seen from inside)");
  }

  void set_certificate_check(const Reached& reached) {
    const std::string source =
        fmt::format("TLS handshake with {}{}", name_, where_of(reached.site));
    const std::string& result = reached.response.verify_result;
    if (result.empty()) {
      facts_.certificate_check = Absent{context_.evidence(source, "no TLS")};
    } else {
      facts_.certificate_check = Seen{result, context_.evidence(source, result)};
    }
  }

  void look_at_plain_http(const Reached& reached) {
    const HttpSite plain = site(reached.site.address, false);
    const std::string source = fmt::format("GET {}{}", plain.url(), where_of(plain));
    const auto response = reached.response.tls
                              ? plain.get(plain.url(), context_.deadline.within(kOtherAddressLimit))
                              : Result<HttpResponse>{reached.response};
    if (response) {
      facts_.redirects_to_https = Seen{
          response->location.starts_with("https:"),
          context_.evidence(
              source, fmt::format("{} {}", response->status, without_query(response->location)))};
    } else if (response.error().code == Errc::kUnreachable) {
      facts_.redirects_to_https = Absent{context_.evidence(source, response.error().what)};
    } else {
      facts_.redirects_to_https = unknown_from(response.error());
    }
  }

  const ProbeContext& context_;
  const std::string& name_;
  Recorder<HttpFacts>& recorder_;
  HttpFacts& facts_;
};

void look(const ProbeContext& context, Recorder<HttpFacts>& recorder) {
  const Result<void> done = context.target.public_name.empty()
                                ? ServiceLook{context, recorder}.look()
                                : NameLook{context, recorder}.look();
  if (!done) recorder.give_up(unknown_from(done.error()));
}

std::vector<Target> plan(const Topology& topology, const Settings& settings) {
  std::vector<Target> targets = targets_for(topology, "http", "HTTP", {"http", "https"});
  for (const std::string& name : settings.public_names) {
    targets.push_back({"http:" + name, name, {}, name});
  }
  return targets;
}

}  // namespace

namespace probes {

extern const ProbeSpec http;
const ProbeSpec http{.id = "http",
                     .kind = "http",
                     .summary =
                         "Web servers and applications, and the public names that lead to them: "
                         "status, speed, redirects, health paths, forgotten default pages.",
                     .budget = std::chrono::seconds{5},
                     .needs_topology = true,
                     .facts = &declare_facts<HttpFacts>,
                     .plan = &plan,
                     .run = &run_probe<HttpFacts, &look>};

}  // namespace probes

}  // namespace postflight
