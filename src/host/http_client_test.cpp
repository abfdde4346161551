// SPDX-License-Identifier: Apache-2.0
// Against servers that answer properly, wrongly, slowly, endlessly or not at all.
#include "host/http_client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "host/testing/bad_server.h"
#include "host/testing/tls_server.h"

namespace postflight::host {
namespace {

using testing::BadServer;
using testing::Behaviour;
using testing::TlsServer;

constexpr Duration kMargin{700};  // of a loaded machine with few cores

HttpRequest get(std::string url, Duration limit = Duration{5000}) {
  HttpRequest request;
  request.url = std::move(url);
  request.deadline = Deadline{limit};
  return request;
}

/// Sends the request and expects it to end by its deadline, to fail, and to fail like this.
Error failure(const HttpRequest& request) {
  const Deadline limit{request.deadline.left() + kMargin};
  const auto response = http_get(request);
  EXPECT_FALSE(limit.passed()) << "went on after its deadline";
  EXPECT_FALSE(response);
  return response ? Error{} : response.error();
}

bool says(const Error& error, std::string_view part) {
  return error.what.find(part) != std::string::npos;
}

const std::string kOk =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Odd:  \x1B[2J \r\nContent-Length: "
    "5\r\n\r\nhello";

TEST(Http, ReadsAnAnswer) {
  BadServer server{Behaviour::fixed(kOk)};
  const auto response = http_get(get(server.url("/x")));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->http_version, "1.1");
  EXPECT_EQ(response->body, "hello");
  EXPECT_FALSE(response->body_truncated);
  EXPECT_EQ(response->content_type, "text/plain");
  ASSERT_TRUE(response->header("x-odd"));
  EXPECT_EQ(*response->header("x-odd"), "\uFFFD[2J");
  EXPECT_FALSE(response->header("absent"));
  EXPECT_FALSE(response->tls);
  EXPECT_EQ(response->verify_result, "");
  EXPECT_GT(response->seconds_total, 0);
  EXPECT_LE(response->seconds_to_first_byte, response->seconds_total);
}

TEST(Http, SendsWhatItWasTold) {
  std::string received;
  BadServer server{Behaviour::scripted([&](std::size_t, std::string_view bytes) {
    received = bytes;
    return std::optional<std::string>(kOk);
  })};
  HttpRequest request = get("http://shop.example:81/a?b=c");
  request.connect_address = "127.0.0.1";
  request.connect_port = server.port();
  request.headers = {{"api-key", "abc"}};
  ASSERT_TRUE(http_get(request));
  EXPECT_TRUE(received.starts_with("GET /a?b=c HTTP/1.1\r\nHost: shop.example:81\r\n")) << received;
  EXPECT_NE(received.find("User-Agent: postflight/"), std::string::npos);
  EXPECT_NE(received.find("api-key: abc\r\n"), std::string::npos);
  EXPECT_EQ(received.find("Accept-Encoding"), std::string::npos);
  request.host_header = "other.example";
  ASSERT_TRUE(http_get(request));
  EXPECT_NE(received.find("Host: other.example\r\n"), std::string::npos);
  EXPECT_EQ(received.find("shop.example"), std::string::npos);
  request.host_header = "a\r\nX-Smuggled: 1";
  EXPECT_EQ(failure(request).code, Errc::kMalformed);
}

TEST(Http, IgnoresProxiesOfTheEnvironment) {
  const testing::RefusedPort nobody;
  const std::string proxy = "http://127.0.0.1:" + std::to_string(nobody.port());
  ::setenv("http_proxy", proxy.c_str(), 1);
  BadServer server{Behaviour::fixed(kOk)};
  const auto response = http_get(get(server.url()));
  ::unsetenv("http_proxy");
  EXPECT_TRUE(response);
}

TEST(Http, NeverResolves) {
  const Error error = failure(get("http://localhost:1/"));
  EXPECT_EQ(error.code, Errc::kUnsupported);
  EXPECT_EQ(failure(get("ftp://127.0.0.1/")).code, Errc::kMalformed);
  EXPECT_EQ(failure(get("file:///etc/passwd")).code, Errc::kMalformed);
  EXPECT_EQ(failure(get("")).code, Errc::kMalformed);
}

TEST(Http, ReportsARedirectAndDoesNotFollowIt) {
  BadServer server{
      Behaviour::fixed("HTTP/1.1 301 Moved\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")};
  const auto response = http_get(get(server.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 301);
  EXPECT_EQ(response->location, server.url("/login"));
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Http, KeepsTheHeadersOfTheFinalAnswerOnly) {
  BadServer server{Behaviour::fixed("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + kOk)};
  const auto response = http_get(get(server.url()));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200);
  EXPECT_FALSE(response->header("link"));
}

TEST(Http, ARefusalIsUnreachable) {
  const testing::RefusedPort port;
  const Error error = failure(get("http://127.0.0.1:" + std::to_string(port.port()) + "/"));
  EXPECT_EQ(error.code, Errc::kUnreachable);
  EXPECT_TRUE(says(error, "connection refused")) << error.what;
}

TEST(Http, AMissingUnixSocketIsNotFound) {
  HttpRequest request = get("http://localhost/version");
  request.unix_socket = "/nowhere/docker.sock";
  const Error error = failure(request);
  EXPECT_TRUE(says(error, "/nowhere/docker.sock")) << error.what;
  EXPECT_EQ(error.code, Errc::kNotFound) << error.what;
}

TEST(Http, SilenceIsATimeout) {
  BadServer server{Behaviour::silent_accept()};
  const Error error = failure(get(server.url(), Duration{400}));
  EXPECT_EQ(error.code, Errc::kTimeout);
  EXPECT_TRUE(says(error, "connected, but no answer in time")) << error.what;
}

TEST(Http, OneByteASecondIsATimeout) {
  BadServer server{Behaviour::drip(kOk)};
  EXPECT_EQ(failure(get(server.url(), Duration{1500})).code, Errc::kTimeout);
}

TEST(Http, ABodyThatNeverEndsSaysHowFarItCame) {
  BadServer server{Behaviour::fixed("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")};
  const Error error = failure(get(server.url(), Duration{400}));
  EXPECT_EQ(error.code, Errc::kTimeout);
  EXPECT_TRUE(says(error, "answered 200")) << error.what;
  EXPECT_TRUE(says(error, "4 bytes")) << error.what;
}

TEST(Http, APassedDeadlineIsATimeout) {
  BadServer server{Behaviour::fixed(kOk)};
  EXPECT_EQ(failure(get(server.url(), Duration{0})).code, Errc::kTimeout);
  EXPECT_EQ(server.connections(), 0u);
}

TEST(Http, AnEndlessBodyIsCut) {
  BadServer server{Behaviour::endless("0123456789", "HTTP/1.1 200 OK\r\n\r\n")};
  HttpRequest request = get(server.url());
  request.body_limit = 1000;
  const auto response = http_get(request);
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_TRUE(response->body_truncated);
  EXPECT_EQ(response->body.size(), 1000u);
  EXPECT_EQ(response->status, 200);
}

TEST(Http, ABodyOfExactlyTheLimitIsWhole) {
  BadServer server{Behaviour::fixed(kOk)};
  HttpRequest request = get(server.url());
  request.body_limit = 5;
  const auto response = http_get(request);
  ASSERT_TRUE(response);
  EXPECT_FALSE(response->body_truncated);
  request.body_limit = 4;
  const auto cut = http_get(request);
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->body_truncated);
  EXPECT_EQ(cut->body, "hell");
}

TEST(Http, EndlessHeadersAreMalformed) {
  BadServer many{Behaviour::endless("X-Again: and again\r\n", "HTTP/1.1 200 OK\r\n")};
  const Error error = failure(get(many.url()));
  EXPECT_EQ(error.code, Errc::kMalformed);
  EXPECT_TRUE(says(error, "64 KiB of headers")) << error.what;
  BadServer long_one{Behaviour::endless("x", "HTTP/1.1 200 OK\r\nX: ")};
  EXPECT_EQ(failure(get(long_one.url())).code, Errc::kMalformed);
  BadServer hints{Behaviour::endless("HTTP/1.1 100 Continue\r\n\r\n")};
  EXPECT_EQ(failure(get(hints.url())).code, Errc::kMalformed);
}

TEST(Http, GarbageIsMalformedAndShown) {
  BadServer server{Behaviour::garbage()};
  EXPECT_EQ(failure(get(server.url())).code, Errc::kMalformed);
  BadServer ssh{Behaviour::fixed("SSH-2.0-OpenSSH_9.2\r\n")};
  const Error error = failure(get(ssh.url()));
  EXPECT_EQ(error.code, Errc::kMalformed);
  EXPECT_TRUE(says(error, "not HTTP: \"SSH-2.0-OpenSSH_9.2")) << error.what;
  BadServer html{Behaviour::fixed_and_close("<html>HTTP/0.9</html>")};
  EXPECT_EQ(failure(get(html.url())).code, Errc::kMalformed);
  BadServer version{Behaviour::fixed("HTTP/7.3 200 OK\r\n\r\n")};
  EXPECT_EQ(failure(get(version.url())).code, Errc::kMalformed);
}

TEST(Http, ClosingWithoutAnAnswerIsUnreachable) {
  BadServer at_once{Behaviour::close_at_once()};
  EXPECT_EQ(failure(get(at_once.url())).code, Errc::kUnreachable);
  BadServer reset{Behaviour::reset()};
  EXPECT_EQ(failure(get(reset.url())).code, Errc::kUnreachable);
  BadServer empty{Behaviour::fixed_and_close("")};
  EXPECT_EQ(failure(get(empty.url())).code, Errc::kUnreachable);
}

TEST(Http, ClosingInTheMiddleIsMalformed) {
  BadServer server{
      Behaviour::fixed_and_close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")};
  const Error error = failure(get(server.url()));
  EXPECT_EQ(error.code, Errc::kMalformed);
  EXPECT_TRUE(says(error, "closed before the answer was complete")) << error.what;
}

TEST(Https, ReportsTheCertificateAndGoesOn) {
  TlsServer server{{.answer = kOk}};
  const auto response = http_get(get(server.url()));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(response->tls);
  EXPECT_EQ(response->verify_result, "self-signed certificate");
}

TEST(Https, PlainTextWhereTlsWasExpected) {
  BadServer server{Behaviour::fixed("HTTP/1.1 400 Bad Request\r\n\r\n")};
  const Error error = failure(get(server.url("/", "https")));
  EXPECT_EQ(error.code, Errc::kMalformed);
  EXPECT_TRUE(says(error, "plain text where TLS was expected")) << error.what;
}

TEST(Https, TlsWherePlainTextWasExpected) {
  // What OpenSSL answers to a plain request: an alert record.
  BadServer server{Behaviour::fixed_and_close(std::string("\x15\x03\x01\x00\x02\x02\x46", 7))};
  const Error error = failure(get(server.url()));
  EXPECT_EQ(error.code, Errc::kMalformed);
  EXPECT_TRUE(says(error, "TLS where plain HTTP was expected")) << error.what;
}

TEST(Https, AStalledHandshakeIsATimeout) {
  TlsServer server{{.answer = kOk, .stall_handshake = true}};
  const Error error = failure(get(server.url(), Duration{400}));
  EXPECT_EQ(error.code, Errc::kTimeout);
  EXPECT_TRUE(says(error, "no answer over TLS in time")) << error.what;
}

TEST(Https, AHandshakeThatIsCutOffIsUnreachable) {
  BadServer server{Behaviour::fixed_and_close("")};
  EXPECT_EQ(failure(get(server.url("/", "https"))).code, Errc::kUnreachable);
}

}  // namespace
}  // namespace postflight::host
