// SPDX-License-Identifier: Apache-2.0
// Pages as real servers sent them (testdata/http), and what no server should send.
#include "probes/http_page.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <sstream>

namespace postflight {
namespace {

std::string page(const std::string& name) {
  std::ifstream file(std::string(PF_SOURCE_DIR) + "/src/probes/testdata/http/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

TEST(HttpTitle, OfRealPages) {
  EXPECT_EQ(html_title(page("nginx.html")), "Welcome to nginx!");
  EXPECT_EQ(html_title(page("apache2-debian.html")), "Apache2 Debian Default Page: It works");
  EXPECT_EQ(html_title(page("nginx-502.html")), "502 Bad Gateway");
  EXPECT_EQ(html_title(page("python-listing.html")), "Directory listing for /");
}

TEST(HttpTitle, IsTheFirstThatABrowserWouldShow) {
  EXPECT_EQ(html_title("<TITLE\n lang=en>  Два\n\tслова </TITLE>"), "Два слова");
  EXPECT_EQ(html_title("<title>a &amp;lt; b &#39;c&#39;</title>"), "a &lt; b 'c'");
  EXPECT_EQ(html_title("<!-- <title>no</title> --><title>yes</title>"), "yes");
  EXPECT_EQ(html_title("<script>'<title>no</title>'</script><title>yes</title>"), "yes");
  EXPECT_EQ(html_title("<style>/*<title>*/</style><titles>no</titles><title>yes</title>"), "yes");
}

TEST(HttpTitle, IsEmptyWhereThereIsNone) {
  for (const char* body :
       {"", "<", "<title", "<title>", "<title>no end", "<titl>x</titl>",
        "<body><svg><title>an icon</title></svg>", "<svg><title>icon</title></svg>",
        "<!-- <title>never closed", "<script><title>never closed</title>"}) {
    EXPECT_EQ(html_title(body), "") << body;
  }
}

TEST(HttpTitle, IsBoundedAndPrintable) {
  const std::string title = html_title("<title>" + std::string(100'000, 'x') + "\x1b[2J</title>");
  EXPECT_LE(title.size(), 130u);
  EXPECT_EQ(html_title("<title>a\x1b[2J\xff</title>").find('\x1b'), std::string::npos);
}

TEST(HttpTitle, TakesAnyBytes) {
  rc::check(
      "the title of any bytes is short and holds no control character",
      [](const std::string& body) {
        for (const std::string& text : {body, "<title>" + body, "<title>" + body + "</title>"}) {
          const std::string title = html_title(text);
          RC_ASSERT(title.size() <= 130u);
          for (const unsigned char c : title) RC_ASSERT(c >= 0x20);
        }
      });
}

TEST(HttpPage, KnowsListsOfFiles) {
  EXPECT_TRUE(is_directory_listing(html_title(page("nginx-autoindex.html"))));
  EXPECT_TRUE(is_directory_listing(html_title(page("python-listing.html"))));
  EXPECT_FALSE(is_directory_listing(html_title(page("nginx.html"))));
  EXPECT_FALSE(is_directory_listing("Index of prices"));
  EXPECT_FALSE(is_directory_listing(""));
}

TEST(HttpPage, KnowsDefaultPages) {
  const auto name = [](const std::string& file) {
    const std::string body = page(file);
    return std::string(default_page_name(html_title(body), body));
  };
  EXPECT_EQ(name("nginx.html"), "Welcome to nginx");
  EXPECT_EQ(name("apache2-debian.html"), "Apache2 Debian Default Page");
  EXPECT_EQ(name("lighttpd.html"), "lighttpd placeholder page");
  EXPECT_EQ(name("tomcat.html"), "Apache Tomcat home page");
  EXPECT_EQ(default_page_name("", "<html><body><h1>It works!</h1></body></html>\n"),
            "Apache It works");
}

TEST(HttpPage, TakesNoOtherPageForADefaultOne) {
  EXPECT_EQ(default_page_name("Ruby on Rails consulting", "<p>We do Rails.</p>"), "");
  EXPECT_EQ(default_page_name("Apache Tomcat hosting", "<p>Order now</p>"), "");
  EXPECT_EQ(default_page_name("Welcome page", "<p>Our shop</p>"), "");
  EXPECT_EQ(default_page_name("Our shop", "<h1>It works!</h1>"), "");
  EXPECT_EQ(default_page_name("", ""), "");
}

TEST(HttpPage, KnowsWhenTlsIsWanted) {
  EXPECT_TRUE(
      asks_for_tls(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"));
  EXPECT_TRUE(asks_for_tls(400, "Client sent an HTTP request to an HTTPS server.\n"));
  EXPECT_TRUE(
      asks_for_tls(400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"));
  EXPECT_FALSE(asks_for_tls(200, "The plain HTTP request was sent to HTTPS port"));
  EXPECT_FALSE(asks_for_tls(400, "Bad Request (Host not allowed)"));
}

TEST(HttpPage, ClassifiesFirstBytes) {
  EXPECT_EQ(classify_first_bytes("HTTP/1.1 200 OK"), FirstBytes::http);
  EXPECT_EQ(classify_first_bytes(std::string("\x15\x03\x03\x00\x02\x02\x46", 7)), FirstBytes::tls);
  EXPECT_EQ(classify_first_bytes("SSH-2.0-OpenSSH_9.2p1\r\n"), FirstBytes::other);
  EXPECT_EQ(classify_first_bytes(""), FirstBytes::other);
}

TEST(HttpPage, ComparesUrls) {
  EXPECT_EQ(normal_url("HTTPS://Example.ORG:443"), "https://example.org/");
  EXPECT_EQ(normal_url("http://example.org.:80/a?b=c#d"), "http://example.org/a?b=c");
  EXPECT_EQ(normal_url("http://localhost:8000"), "http://localhost:8000/");
  EXPECT_EQ(normal_url("https://[::1]:8443/x"), "https://[::1]:8443/x");
  EXPECT_EQ(normal_url("https://[::1]:443?x"), "https://[::1]/?x");
  EXPECT_NE(normal_url("http://example.org/"), normal_url("https://example.org/"));
  EXPECT_NE(normal_url("http://example.org/A"), normal_url("http://example.org/a"));
  EXPECT_EQ(origin_of("http://localhost:8000/a/b"), "http://localhost:8000");
  EXPECT_EQ(origin_of("javascript:alert(1)"), "");
}

TEST(HttpPage, NormalUrlsStayAsTheyAre) {
  rc::check("normal_url is idempotent", [](const std::string& rest) {
    const std::string once = normal_url("http://" + rest);
    RC_ASSERT(normal_url(once) == normal_url(normal_url(once)));
  });
}

TEST(HttpPage, LeavesQueriesOut) {
  EXPECT_EQ(without_query("https://id.example.org/auth?state=s3cr3t&nonce=1"),
            "https://id.example.org/auth?…");
  EXPECT_EQ(without_query("/plain"), "/plain");
}

TEST(HttpPage, TakesCookiesApart) {
  EXPECT_EQ(cookie_pair("sid=abc; Path=/; HttpOnly"), "sid=abc");
  EXPECT_EQ(cookie_pair("nonsense"), "");
  EXPECT_EQ(cookie_pair(""), "");
}

constexpr PageAnswer kNotFound{404, "text/html", "<h1>Not Found</h1>"};
constexpr PageAnswer kCatchAll{200, "text/html; charset=utf-8", "<div id=app></div>"};
constexpr PageAnswer kFails{502, "text/html", "<h1>502 Bad Gateway</h1>"};
constexpr PageAnswer kJson{200, "application/json", R"({"status":"ok"})"};

TEST(HealthAnswer, IsOneOfItsOwn) {
  EXPECT_TRUE(is_health_answer("/health", kJson, kNotFound));
  EXPECT_TRUE(is_health_answer("/health", {200, "text/plain", "OK"}, kNotFound));
  EXPECT_TRUE(is_health_answer("/health", {204, "", ""}, kNotFound));
  EXPECT_TRUE(is_health_answer("/health", {503, "application/json", "{}"}, kNotFound));
  EXPECT_TRUE(is_health_answer("/api/health", kJson, kCatchAll));
  EXPECT_TRUE(is_health_answer("/api/health", kFails, kCatchAll));
  EXPECT_TRUE(
      is_health_answer("/up", {200, "text/html", "<body style='background: green'>"}, kNotFound));
  EXPECT_TRUE(
      is_health_answer("/health", {200, "text/plain", "healthy"}, {200, "text/plain", "hello"}));
}

TEST(HealthAnswer, IsNotWhatEveryPathGets) {
  EXPECT_FALSE(is_health_answer("/health", kCatchAll, kCatchAll));
  EXPECT_FALSE(is_health_answer("/up", kCatchAll, kCatchAll));
  EXPECT_FALSE(is_health_answer("/health", kFails, kFails));
  EXPECT_FALSE(is_health_answer("/health", kJson, kJson));
  EXPECT_FALSE(is_health_answer("/health", {200, "text/plain", "GET /health"},
                                {200, "text/plain", "GET /x"}));
  EXPECT_FALSE(is_health_answer("/status", {200, "text/html", "<h1>Order status</h1>"}, kNotFound));
  for (const int status : {301, 302, 401, 403, 404, 405, 429, 501, 505}) {
    EXPECT_FALSE(is_health_answer("/health", {status, "application/json", "{}"}, kNotFound))
        << status;
  }
}

TEST(HealthWord, IsWhatTheAnswerSays) {
  EXPECT_EQ(health_word(R"({"status":"UP","components":{"db":{"status":"DOWN"}}})"), "up");
  EXPECT_EQ(health_word(R"({"healthy":false})"), "false");
  EXPECT_EQ(health_word(R"({"database":"ok","version":"1"})"), "");
  EXPECT_EQ(health_word(R"({"status":200})"), "");
  EXPECT_EQ(health_word("OK"), "");
  EXPECT_EQ(health_word(""), "");
  EXPECT_EQ(health_word(std::string(200'000, '[')), "");
  EXPECT_EQ(health_word(R"({"status":"down","status":"up"})"), "");
}

}  // namespace
}  // namespace postflight
