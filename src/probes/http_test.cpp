// SPDX-License-Identifier: Apache-2.0
// The probe against real servers (nginx, python3 -m http.server), against curl's opinion of them,
// and against servers that misbehave.
#include "probes/http.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "host/tcp.h"
#include "host/testing/bad_server.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"
#include "host/testing/tls_server.h"
#include "model/codec.h"
#include "probes/http_page.h"
#include "probes/probe.h"

extern char** environ;

namespace postflight {

namespace probes {
extern const ProbeSpec http;
}

namespace {

using host::testing::BadServer;
using host::testing::Behaviour;
using namespace std::chrono_literals;

class KeepingSink : public FactSink {
 public:
  void put(std::string_view key, std::string_view json) override {
    facts[std::string(key)] = parse_json(json).value();
  }
  Json facts = Json::object();
};

struct Asked {
  std::string protocol = "http";
  bool certain = true;
  Duration budget = 5s;
  std::vector<std::string> public_names = {};
};

HttpFacts run(const Target& target, const Asked& asked) {
  const Observed<Topology> topology = Seen{Topology{}, Evidence{}};
  Settings settings;
  settings.public_names = asked.public_names;
  KeepingSink sink;
  const auto before = MonotonicClock::now();
  probes::http.run({target, topology, settings, Deadline{asked.budget}}, sink);
  EXPECT_LT(MonotonicClock::now() - before, asked.budget + 500ms);
  for (const FactDeclaration& fact : probes::http.facts()) {
    EXPECT_TRUE(sink.facts.contains(fact.key)) << fact.key << " was left out";
  }
  return decode<HttpFacts>(sink.facts).value();
}

HttpFacts look_at(std::uint16_t port, const Asked& asked = {},
                  const std::string& address = "127.0.0.1") {
  Target target{"http:" + format_endpoint(address, port), "HTTP", {}, ""};
  target.service.id = format_endpoint(address, port);
  target.service.port = port;
  target.service.listeners = {{address, Exposure::loopback, 1, 0, 16}};
  target.service.guess = {asked.protocol, "a test", asked.certain};
  return run(target, asked);
}

HttpFacts look_at_name(const std::string& name, const Asked& asked = {}) {
  return run({"http:" + name, name, {}, name}, asked);
}

std::optional<Why> why(const auto& fact) {
  return fact.unknown() ? std::optional{fact.unknown()->why} : std::nullopt;
}

auto value(const auto& fact) {
  using Value = typename std::remove_cvref_t<decltype(fact)>::value_type;
  if (const auto* seen = fact.seen()) return seen->value;
  ADD_FAILURE() << "not seen: " << (fact.unknown() ? fact.unknown()->detail : "absent");
  return Value{};
}

bool accepts(std::uint16_t port) {
  return host::TcpStream::connect("127.0.0.1", port, Deadline{1s}).has_value();
}

std::uint16_t free_port() {
  return host::testing::listen_on("127.0.0.1").port;
}

/// A program that is ended by its id with the object.
class Running {
 public:
  explicit Running(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) pid_ = -1;
  }
  ~Running() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void await(std::uint16_t port) const {
    for (const Deadline limit{10s}; !accepts(port) && !limit.passed();)
      std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(accepts(port));
  }

 private:
  pid_t pid_ = -1;
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "postflight-http-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& text) const {
    const auto file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }

 private:
  std::string path_;
};

/// nginx with the given server blocks; PORT in them is an ephemeral port.
class Nginx {
 public:
  explicit Nginx(std::string servers, std::uint16_t port = free_port()) : port_(port) {
    for (std::size_t at; (at = servers.find("PORT")) != std::string::npos;) {
      servers.replace(at, 4, std::to_string(port));
    }
    const std::string config =
        folder_.write("nginx.conf",
                      "daemon off; master_process off; pid nginx.pid; error_log error.log;\n"
                      "events {}\nhttp { access_log off; types { text/html html; }\n"
                      "client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;\n"
                      "uwsgi_temp_path t; scgi_temp_path t;\n" +
                          servers + "}\n");
    if (servers.find("ssl") != std::string::npos) make_certificate();
    nginx_ = std::make_unique<Running>(std::vector<std::string>{"/usr/sbin/nginx", "-p",
                                                                folder_.path(), "-c", config, "-e",
                                                                folder_.path() + "/error.log"});
    nginx_->await(port);
  }

  std::uint16_t port() const { return port_; }
  const Folder& folder() const { return folder_; }

 private:
  void make_certificate() const {
    const std::string command =
        "cd " + folder_.path() +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        " -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost 2>/dev/null";
    ASSERT_EQ(host::testing::run_command({"sh", "-c", command}).exit_code, 0);
  }

  Folder folder_;
  std::uint16_t port_;
  std::unique_ptr<Running> nginx_;
};

constexpr const char* kTls =
    "listen 127.0.0.1:PORT ssl http2; ssl_certificate cert.pem; ssl_certificate_key key.pem;";

bool has_nginx() {
  return std::filesystem::exists("/usr/sbin/nginx");
}
#define NEEDS_NGINX() \
  if (!has_nginx()) GTEST_SKIP() << "nginx is not installed"

std::string output_of(const std::string& command) {
  return host::testing::run_command({"sh", "-c", command}).out;
}

std::string http_answer(int status, const std::string& type, const std::string& body,
                        const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" + more +
         "\r\n" + body;
}

/// Answers by path; other paths get 404.
Behaviour answering(std::map<std::string, std::string> answers) {
  return Behaviour::scripted([answers](std::size_t,
                                       std::string_view received) -> std::optional<std::string> {
    if (received.find("\r\n\r\n") == std::string_view::npos) return std::nullopt;
    const auto start = received.find(' ') + 1;
    const auto it =
        answers.find(std::string(received.substr(start, received.find(' ', start) - start)));
    return it == answers.end() ? http_answer(404, "text/html", "<h1>Not Found</h1>") : it->second;
  });
}

// Real servers.

TEST(HttpProbe, AgreesWithCurlAboutNginx) {
  NEEDS_NGINX();
  const Nginx nginx("server { listen 127.0.0.1:PORT; root www; }");
  nginx.folder().write("www/index.html", "<!DOCTYPE html><title>Магазин</title><p>Здравствуйте");
  const HttpFacts facts = look_at(nginx.port());
  const std::string url = "http://127.0.0.1:" + std::to_string(nginx.port()) + "/";
  const std::string curl =
      output_of("curl -s -o /dev/null -w '%{http_code} %{content_type} %{http_version}' " + url);
  EXPECT_EQ(std::to_string(value(facts.status_code)) + " " + value(facts.content_type) + " " +
                value(facts.http_version),
            curl);
  EXPECT_TRUE(value(facts.answers));
  EXPECT_FALSE(value(facts.tls));
  EXPECT_EQ(value(facts.title), "Магазин");
  EXPECT_EQ(value(facts.body_excerpt), output_of("curl -s " + url));
  EXPECT_TRUE(value(facts.server).starts_with("nginx/"));
  EXPECT_GT(value(facts.first_byte_seconds), 0);
  EXPECT_GE(value(facts.total_seconds), value(facts.first_byte_seconds));
  EXPECT_FALSE(value(facts.redirects_to_itself));
  EXPECT_TRUE(facts.default_page.absent());
  EXPECT_TRUE(facts.health_path.absent());
  EXPECT_TRUE(facts.redirect_location.absent());
  EXPECT_TRUE(facts.public_name.absent() && facts.in_dns.absent());
}

TEST(HttpProbe, ReachesIpv6) {
  NEEDS_NGINX();
  const Nginx nginx(
      "server { listen 127.0.0.1:PORT; listen [::1]:PORT; location / { return 200 hello; } }");
  const HttpFacts facts = look_at(nginx.port(), {}, "::1");
  EXPECT_EQ(value(facts.url), "http://localhost:" + std::to_string(nginx.port()) + "/");
  EXPECT_NE(facts.answers.seen()->evidence.source.find("[::1]:"), std::string::npos);
}

TEST(HttpProbe, SeesAListOfFiles) {
  const Folder folder;
  folder.write("dump.sql", "x");
  const std::uint16_t port = free_port();
  const Running python({"sh", "-c",
                        "exec python3 -m http.server " + std::to_string(port) +
                            " --bind 127.0.0.1 -d " + folder.path() + " >/dev/null 2>&1"});
  python.await(port);
  const HttpFacts facts = look_at(port);
  EXPECT_TRUE(value(facts.directory_listing));
  EXPECT_EQ(value(facts.title), "Directory listing for /");
  EXPECT_EQ(value(facts.http_version), "1.0");
}

TEST(HttpProbe, SeesADefaultPage) {
  NEEDS_NGINX();
  const Nginx nginx("server { listen 127.0.0.1:PORT; root /usr/share/nginx/html; }");
  EXPECT_EQ(value(look_at(nginx.port()).default_page), "Welcome to nginx");
}

TEST(HttpProbe, SpeaksTlsWhereThePortWantsIt) {
  NEEDS_NGINX();
  const Nginx nginx("server { " + std::string(kTls) + " location / { return 200 hello; } }");
  for (const char* guess : {"http", "https"}) {
    const HttpFacts facts = look_at(nginx.port(), {.protocol = guess});
    EXPECT_TRUE(value(facts.tls)) << guess;
    EXPECT_EQ(value(facts.status_code), 200u) << guess;
    EXPECT_EQ(value(facts.http_version), "2") << guess;
  }
}

TEST(HttpProbe, SpeaksPlainHttpWhereThePortSuggestsTls) {
  const BadServer server(answering({{"/", http_answer(200, "text/plain", "hello")}}));
  const HttpFacts facts = look_at(server.port(), {.protocol = "https", .certain = false});
  EXPECT_FALSE(value(facts.tls));
  EXPECT_EQ(value(facts.body_excerpt), "hello");
}

TEST(HttpProbe, SpeaksPlainHttpToNginxWhereThePortSuggestsTls) {
  NEEDS_NGINX();
  const Nginx nginx("server { listen 127.0.0.1:PORT; location / { return 200 hello; } }");
  EXPECT_FALSE(value(look_at(nginx.port(), {.protocol = "https"}).tls));
}

TEST(HttpProbe, SpeaksTlsWhereOnlyThePortSuggestsIt) {
  NEEDS_NGINX();
  const Nginx nginx("server { " + std::string(kTls) + " location / { return 200 hello; } }");
  EXPECT_TRUE(value(look_at(nginx.port(), {.protocol = "https", .certain = false}).tls));
}

TEST(HttpProbe, AsksByAPublicNameWhereLocalhostIsTurnedAway) {
  NEEDS_NGINX();
  const Nginx nginx(
      "server { listen 127.0.0.1:PORT default_server; return 444; }"
      "server { listen 127.0.0.1:PORT; server_name shop.example; location / { return 200 hi; } }");
  const HttpFacts strange = look_at(nginx.port());
  EXPECT_EQ(why(strange.answers), Why::unreachable);
  EXPECT_NE(strange.answers.unknown()->detail.find("public_names"), std::string::npos);
  const HttpFacts known = look_at(nginx.port(), {.public_names = {"shop.example"}});
  EXPECT_EQ(value(known.status_code), 200u);
}

TEST(HttpProbe, SeesABadGateway) {
  NEEDS_NGINX();
  const host::testing::RefusedPort nobody;
  const Nginx nginx("server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:" +
                    std::to_string(nobody.port()) + "; } }");
  const HttpFacts facts = look_at(nginx.port());
  EXPECT_EQ(value(facts.status_code), 502u);
  // Everything fails, so nothing is said of health.
  EXPECT_EQ(why(facts.health_path), Why::unsupported);
}

// Redirects.

TEST(HttpProbe, SeesARedirectToItself) {
  NEEDS_NGINX();
  const Nginx nginx("server { " + std::string(kTls) +
                    " return 301 https://$http_host$request_uri; }");
  const HttpFacts facts = look_at(nginx.port(), {.protocol = "https"});
  EXPECT_TRUE(value(facts.redirects_to_itself));
  EXPECT_TRUE(facts.landing_status.absent());
}

TEST(HttpProbe, TakesARedirectToAnotherSiteForNoCircle) {
  NEEDS_NGINX();
  const Nginx nginx("server { listen 127.0.0.1:PORT; return 301 https://$host$request_uri; }");
  const HttpFacts facts = look_at(nginx.port());
  EXPECT_FALSE(value(facts.redirects_to_itself));
  EXPECT_EQ(value(facts.redirect_location), "https://localhost/");
  EXPECT_TRUE(facts.landing_url.absent());
}

TEST(HttpProbe, FollowsRedirectsToTheirEnd) {
  const BadServer server(answering(
      {{"/", http_answer(302, "text/html", "", "Location: /login?next=%2F&token=s3cr3t\r\n")},
       {"/login?next=%2F&token=s3cr3t", http_answer(500, "text/html", "oops")}}));
  const HttpFacts facts = look_at(server.port());
  EXPECT_EQ(value(facts.landing_status), 500u);
  EXPECT_TRUE(value(facts.landing_url).ends_with("/login?…"));
  EXPECT_EQ(dump_json(to_json(facts)).find("s3cr3t"), std::string::npos);
}

TEST(HttpProbe, SeesACircleOfSeveralSteps) {
  const BadServer server(
      answering({{"/", http_answer(302, "text/html", "", "Location: /a\r\n")},
                 {"/a", http_answer(307, "text/html", "", "Location: b\r\n")},
                 {"/b", http_answer(302, "text/html", "", "Location: /a\r\n")}}));
  EXPECT_TRUE(value(look_at(server.port()).redirects_to_itself));
}

Behaviour wants_cookie(bool accepts_it) {
  return Behaviour::scripted(
      [accepts_it](std::size_t, std::string_view received) -> std::optional<std::string> {
        if (received.find("\r\n\r\n") == std::string_view::npos) return std::nullopt;
        if (accepts_it && received.find("Cookie: seen=1; b=2\r\n") != std::string_view::npos) {
          return http_answer(200, "text/html", "<title>in</title>");
        }
        return http_answer(302, "text/html", "",
                           "Location: /\r\nSet-Cookie: seen=1; Path=/\r\nSet-Cookie: b=2\r\n");
      });
}

TEST(HttpProbe, KeepsCookiesBeforeItSpeaksOfACircle) {
  const BadServer tests_for_cookies(wants_cookie(true));
  const HttpFacts facts = look_at(tests_for_cookies.port());
  EXPECT_FALSE(value(facts.redirects_to_itself));
  EXPECT_EQ(value(facts.landing_status), 200u);
  const BadServer loops(wants_cookie(false));
  EXPECT_TRUE(value(look_at(loops.port()).redirects_to_itself));
}

TEST(HttpProbe, GivesUpOnRedirectsWithoutEnd) {
  const BadServer server(
      Behaviour::scripted([](std::size_t n, std::string_view) -> std::optional<std::string> {
        return http_answer(302, "text/html", "", "Location: /" + std::to_string(n) + "\r\n");
      }));
  EXPECT_EQ(why(look_at(server.port()).redirects_to_itself), Why::unsupported);
}

// Health.

TEST(HttpProbe, FindsTheHealthPath) {
  NEEDS_NGINX();
  const Nginx nginx(
      R"(server { listen 127.0.0.1:PORT; root www; location / { try_files $uri /index.html; }
    location = /api/v1/health { default_type application/json; return 200 '{"status":"Healthy"}'; } })");
  nginx.folder().write("www/index.html", "<title>app</title>");
  const HttpFacts facts = look_at(nginx.port());
  EXPECT_EQ(value(facts.health_path), "/api/v1/health");
  EXPECT_EQ(value(facts.health_status), 200u);
  EXPECT_EQ(value(facts.health_says), "healthy");
  EXPECT_EQ(value(facts.health_excerpt), R"({"status":"Healthy"})");
  EXPECT_GT(value(facts.health_seconds), 0);
}

TEST(HttpProbe, IsNotTakenInByACatchAll) {
  NEEDS_NGINX();
  const Nginx nginx(
      "server { listen 127.0.0.1:PORT; root www; location / { try_files $uri /index.html; } }");
  nginx.folder().write("www/index.html", "<title>app</title>");
  EXPECT_TRUE(look_at(nginx.port()).health_path.absent());
}

TEST(HttpProbe, SeesAFailingHealthPath) {
  const BadServer server(
      answering({{"/", http_answer(200, "text/html", "<title>app</title>")},
                 {"/healthz", http_answer(503, "application/json", R"({"db":false})")}}));
  const HttpFacts facts = look_at(server.port());
  EXPECT_EQ(value(facts.health_path), "/healthz");
  EXPECT_EQ(value(facts.health_status), 503u);
  EXPECT_EQ(value(facts.health_excerpt), R"({"db":false})");
}

TEST(HttpProbe, DoesNotKnowOfHealthWhereAPathHangs) {
  const BadServer server(
      Behaviour::scripted([](std::size_t, std::string_view received) -> std::optional<std::string> {
        if (received.find("/health ") != std::string_view::npos) return std::nullopt;
        return http_answer(404, "text/html", "no");
      }));
  const HttpFacts facts = look_at(server.port());
  EXPECT_EQ(why(facts.health_path), Why::timeout);
  EXPECT_TRUE(value(facts.answers));
}

TEST(HttpProbe, MeasuresTheSecondAnswerWhereTheFirstIsSlow) {
  const BadServer server(
      Behaviour::scripted([](std::size_t n, std::string_view) -> std::optional<std::string> {
        if (n == 0) std::this_thread::sleep_for(1100ms);
        return http_answer(200, "text/plain", "hello");
      }));
  EXPECT_LT(value(look_at(server.port()).first_byte_seconds), 1.0);
}

// Servers that misbehave. None may be called well, none may hang the probe.

TEST(HttpProbe, KnowsNothingOfAServerThat) {
  struct Case {
    const char* name;
    Behaviour behaviour;
    Why why;
  };
  const std::vector<Case> cases = {
      {"is silent", Behaviour::silent_accept(), Why::timeout},
      {"sends one byte a second", Behaviour::drip("HTTP/1.1 200 OK\r\n\r\n"), Why::timeout},
      {"never ends its body",
       Behaviour::fixed("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), Why::timeout},
      {"closes half-way",
       Behaviour::fixed_and_close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
       Why::malformed},
      {"sends garbage", Behaviour::garbage(), Why::malformed},
      {"sends headers without end", Behaviour::endless("X-A: b\r\n", "HTTP/1.1 200 OK\r\n"),
       Why::malformed},
      {"sends noise without end", Behaviour::endless("\x01\x02noise"), Why::malformed},
      {"closes at once", Behaviour::close_at_once(), Why::unreachable},
      {"resets", Behaviour::reset(), Why::unreachable}};
  for (const Case& item : cases) {
    const BadServer server(item.behaviour);
    const HttpFacts facts = look_at(server.port(), {.budget = 1500ms});
    EXPECT_EQ(why(facts.answers), item.why)
        << item.name << ": "
        << (facts.answers.unknown() ? facts.answers.unknown()->detail : "not unknown");
    EXPECT_TRUE(facts.status_code.unknown()) << item.name;
    EXPECT_TRUE(facts.health_path.unknown()) << item.name;
  }
}

TEST(HttpProbe, KnowsNothingWhereNobodyListens) {
  const host::testing::RefusedPort nobody;
  const HttpFacts facts = look_at(nobody.port());
  EXPECT_EQ(why(facts.answers), Why::unreachable);
  EXPECT_EQ(facts.answers.unknown()->detail.find("public_names"), std::string::npos);
}

TEST(HttpProbe, EndsAnEndlessBody) {
  const BadServer server(
      Behaviour::endless("lalala", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"));
  const HttpFacts facts = look_at(server.port(), {.budget = 2s});
  EXPECT_EQ(value(facts.status_code), 200u);
  EXPECT_LE(value(facts.body_excerpt).size(), 130u);
  EXPECT_TRUE(facts.health_path.absent());
}

TEST(HttpProbe, KnowsNothingOfTlsThatStalls) {
  host::testing::TlsServerOptions options;
  options.stall_handshake = true;
  const host::testing::TlsServer server(options);
  EXPECT_EQ(why(look_at(server.port(), {.protocol = "https", .budget = 1s}).answers), Why::timeout);
}

TEST(HttpProbe, KnowsNothingOfGarbageInsideTls) {
  host::testing::TlsServerOptions options;
  options.answer = "* OK IMAP4rev1 ready\r\n";
  const host::testing::TlsServer server(options);
  for (const bool certain : {true, false}) {
    EXPECT_EQ(why(look_at(server.port(), {.protocol = "https", .certain = certain}).answers),
              Why::malformed);
  }
}

TEST(HttpProbe, LeavesAloneWhatIsNotHttpWhereOnlyThePortSuggestedIt) {
  for (const auto& behaviour :
       {Behaviour::fixed("SSH-2.0-OpenSSH_9.2p1\r\n"), Behaviour::garbage()}) {
    const BadServer server(behaviour);
    const HttpFacts facts = look_at(server.port(), {.certain = false});
    EXPECT_TRUE(facts.answers.absent());
    EXPECT_TRUE(facts.answers.absent() &&
                facts.answers.absent()->evidence.excerpt.starts_with("not HTTP: "));
    EXPECT_TRUE(facts.status_code.absent() && facts.health_path.absent());
  }
}

TEST(HttpProbe, DoesNotTakeSilenceForAnotherProtocol) {
  const BadServer server(Behaviour::silent_accept());
  EXPECT_EQ(why(look_at(server.port(), {.certain = false, .budget = 1s}).answers), Why::timeout);
}

TEST(HttpProbe, LetsNoControlCharacterThrough) {
  const BadServer server(answering({{"/", http_answer(200, "text/html", "<title>\x1b[2Jx</title>",
                                                      "Server: evil\x1b]0;\x07\r\n")}}));
  const HttpFacts facts = look_at(server.port());
  EXPECT_EQ(value(facts.title).find('\x1b'), std::string::npos);
  EXPECT_EQ(value(facts.server).find('\x1b'), std::string::npos);
  EXPECT_EQ(value(facts.body_excerpt).find('\x1b'), std::string::npos);
}

// Public names, in a network of their own where ports 80 and 443 are free.

/// Runs in a child; an empty text is a success, "skip" where namespaces may not be made.
std::string in_own_network(const std::function<void(std::ostream&)>& work) {
  return host::testing::in_child([&]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "skip";
    std::ostringstream wrong;
    work(wrong);
    if (::testing::Test::HasFailure()) wrong << "expectation failed in the child";
    return wrong.str();
  });
}
#define EXPECT_WELL_IN_OWN_NETWORK(...)                                                     \
  const std::string child_says = in_own_network(__VA_ARGS__);                               \
  if (child_says == "skip") GTEST_SKIP() << "needs permission to make a network namespace"; \
  EXPECT_EQ(child_says, "")

TEST(HttpPublicName, IsSeenOverTls) {
  NEEDS_NGINX();
  EXPECT_WELL_IN_OWN_NETWORK([](std::ostream& wrong) {
    const Nginx nginx(
        "server { listen 127.0.0.1:80; return 301 https://$host$request_uri; }"
        "server { " +
            std::string(kTls) + " location / { return 200 hello; } }",
        443);
    const HttpFacts facts = look_at_name("localhost");
    if (value(facts.url) != "https://localhost/") wrong << value(facts.url);
    if (value(facts.status_code) != 200) wrong << "status " << value(facts.status_code);
    if (!value(facts.redirects_to_https)) wrong << "no redirect to https; ";
    if (value(facts.certificate_check) != "self-signed certificate")
      wrong << value(facts.certificate_check);
    if (value(facts.addresses).front() != "127.0.0.1") wrong << value(facts.addresses).front();
    const std::string source = facts.answers.seen()->evidence.source;
    if (source.find("seen from inside") == std::string::npos) wrong << source;
  });
}

TEST(HttpPublicName, GoesRoundInACircleBetweenHttpAndHttps) {
  NEEDS_NGINX();
  EXPECT_WELL_IN_OWN_NETWORK([](std::ostream& wrong) {
    const Nginx nginx(
        "server { listen 127.0.0.1:80; return 301 https://$host$request_uri; }"
        "server { " +
            std::string(kTls) + " return 302 http://$host$request_uri; }",
        443);
    if (!value(look_at_name("localhost").redirects_to_itself)) wrong << "no circle seen";
  });
}

TEST(HttpPublicName, MayBePlainHttp) {
  NEEDS_NGINX();
  EXPECT_WELL_IN_OWN_NETWORK([](std::ostream& wrong) {
    const Nginx nginx("server { listen 127.0.0.1:80; location / { return 200 hello; } }", 80);
    const HttpFacts facts = look_at_name("localhost");
    if (value(facts.url) != "http://localhost/" || value(facts.tls)) wrong << value(facts.url);
    if (value(facts.redirects_to_https)) wrong << "redirects";
    if (!facts.certificate_check.absent()) wrong << "a certificate";
  });
}

TEST(HttpPublicName, IsUnknownWhereHttpLeadsToAClosedHttps) {
  NEEDS_NGINX();
  EXPECT_WELL_IN_OWN_NETWORK([](std::ostream& wrong) {
    const Nginx nginx("server { listen 127.0.0.1:80; return 301 https://$host$request_uri; }", 80);
    const HttpFacts facts = look_at_name("localhost");
    if (why(facts.answers) != Why::unreachable) wrong << "answers is not unknown";
    if (!value(facts.in_dns)) wrong << "in_dns";
  });
}

TEST(HttpPublicName, ThatDoesNotExistIsSeenNotToExist) {
  // RFC 7686: no resolver may ask DNS for it, and every one answers that there is no such name.
  const HttpFacts facts = look_at_name("postflight.onion");
  EXPECT_FALSE(value(facts.in_dns));
  EXPECT_FALSE(value(facts.answers));
  EXPECT_TRUE(facts.addresses.absent());
  EXPECT_TRUE(facts.status_code.absent());
}

TEST(HttpPublicName, IsUnknownWhereDnsDoesNotAnswer) {
  EXPECT_WELL_IN_OWN_NETWORK([](std::ostream& wrong) {
    const HttpFacts facts = look_at_name("example.org", {.budget = 2s});
    if (!facts.in_dns.unknown() || !facts.answers.unknown()) wrong << "known without DNS";
  });
}

// What is planned.

TEST(HttpPlan, HasServicesThatSpeakHttpAndPublicNames) {
  Topology topology;
  for (const char* protocol : {"http", "redis", "https"}) {
    Service service;
    service.id = std::string("127.0.0.1:") + protocol;
    service.listeners = {{"127.0.0.1", Exposure::loopback, 1, 0, 16}};
    service.guess.protocol = protocol;
    topology.services.push_back(service);
  }
  Settings settings;
  settings.public_names = {"example.org"};
  std::vector<std::string> ids;
  for (const Target& target : probes::http.plan(topology, settings))
    ids.push_back(target.component_id);
  EXPECT_EQ(ids, (std::vector<std::string>{"http:127.0.0.1:http", "http:127.0.0.1:https",
                                           "http:example.org"}));
}

}  // namespace
}  // namespace postflight
