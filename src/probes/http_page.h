// SPDX-License-Identifier: Apache-2.0
// Reading HTTP answers: what a page is, where a redirect leads, which answer to a health path is
// really that path's own. Pure and bounded: every byte may come from a hostile or broken server.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace postflight {

/// Health paths that are tried, the common ones first. Sources: Kubernetes (healthz, readyz,
/// livez), Spring Boot Actuator, Rails 7.1 and Laravel 11 (up), Prometheus (/-/healthy), MinIO,
/// Grafana (/api/health).
inline constexpr std::array<std::string_view, 16> kHealthPaths = {
    "/health",      "/healthz",   "/api/health",      "/api/v1/health",
    "/api/healthz", "/readyz",    "/livez",           "/ping",
    "/up",          "/status",    "/_health",         "/health/ready",
    "/healthcheck", "/-/healthy", "/actuator/health", "/minio/health/live"};

/// Text of the first title element before the body, white space folded, the five entities of XML
/// decoded, at most 120 bytes, printable. Empty where there is none. Comments, scripts and styles
/// are passed over.
std::string html_title(std::string_view body);

/// True where a content type, or in its lack the start of the body, says HTML.
bool is_html(std::string_view content_type, std::string_view body);

/// True for the title of a list of files: nginx and Apache ("Index of /"), Python ("Directory
/// listing for /"), Tomcat, Jetty, serve.
bool is_directory_listing(std::string_view title);

/// The name of the page that a freshly installed server shows, or empty.
std::string_view default_page_name(std::string_view title, std::string_view body);

/// True where a server says that it was spoken to without TLS on a port with TLS: nginx, Apache,
/// Go.
bool asks_for_tls(int status, std::string_view body);

/// What the first bytes of an answer are.
enum class FirstBytes { http, tls, other };
FirstBytes classify_first_bytes(std::string_view bytes);

/// A URL in a form in which two can be compared: scheme and host in lower case, default port,
/// fragment and final dot of the host left out, an empty path as "/".
std::string normal_url(std::string_view url);

/// "https://example.org:8443" of a normal URL.
std::string_view origin_of(std::string_view normal_url);

/// The URL with "?…" in place of its query, which may hold tokens.
std::string without_query(std::string_view url);

/// "name=value" of a Set-Cookie header, RFC 6265 section 5.2.
std::string_view cookie_pair(std::string_view set_cookie);

/// As much of an answer as decides whether it is a path's own.
struct PageAnswer {
  int status = 0;
  std::string_view content_type;
  std::string_view body;
};

/// True where `answer` is what `path` itself says of its health, `unknown` being what the same
/// server answers to a path that does not exist. See HttpFacts::health_path.
bool is_health_answer(std::string_view path, const PageAnswer& answer, const PageAnswer& unknown);

/// What a JSON health answer says in so many words, in lower case: "ok", "down", "true", …. Empty
/// where it says nothing at the top level.
std::string health_word(std::string_view body);

}  // namespace postflight
