// SPDX-License-Identifier: Apache-2.0
// libcurl's easy interface with everything switched off that a look from outside does not need.
#include "host/http_client.h"

#include <curl/curl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include "base/text.h"
#include "base/version.h"
#include "host/http_failure.h"
#include "model/topology.h"

namespace postflight::host {
namespace {

constexpr std::size_t kHeaderLimit = 64 * 1024;
// Enough of what is not HTTP to recognise what it is.
constexpr std::size_t kGarbageKept = 64;

using Curl = std::unique_ptr<CURL, void (*)(CURL*)>;
using CurlUrl = std::unique_ptr<CURLU, void (*)(CURLU*)>;

class HeaderLines {
 public:
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  ~HeaderLines() { curl_slist_free_all(list_); }
  void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  const curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

struct Exchange {
  const HttpRequest& request;
  HttpResponse response;
  HttpProgress progress;
  std::size_t header_bytes = 0;
};

/// Called with one header line at a time. A count other than `size` ends the exchange.
std::size_t on_header(const char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderLimit) {
    exchange.progress.headers_too_large = true;
    return 0;
  }
  const std::string_view line = trim({data, size});
  if (line.starts_with("HTTP/")) {
    // Also after a 1xx: only the headers of the final response are kept.
    exchange.progress.status_line_seen = true;
    exchange.response.headers.clear();
    return size;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return size;
  exchange.response.headers.emplace_back(printable_utf8(lower(trim(line.substr(0, colon)))),
                                         printable_utf8(trim(line.substr(colon + 1))));
  return size;
}

std::size_t on_body(const char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!exchange.progress.status_line_seen) {
    // libcurl takes anything without a status line for HTTP/0.9; we keep a bit of it as evidence.
    exchange.progress.garbage.assign(data, std::min(size, kGarbageKept));
    return 0;
  }
  std::string& body = exchange.response.body;
  const std::size_t room = exchange.request.body_limit - body.size();
  body.append(data, std::min(size, room));
  exchange.progress.body_bytes = body.size();
  if (size <= room) return size;
  exchange.response.body_truncated = true;
  return 0;
}

/// libcurl's own once-only set-up, done at the first request because it costs start-up time.
bool curl_is_ready() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

struct UrlParts {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
};

std::optional<std::string> url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string result = text;
  curl_free(text);
  return result;
}

Result<UrlParts> parse_url(const std::string& text) {
  const CurlUrl url{curl_url(), curl_url_cleanup};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  const auto host = url_part(url.get(), CURLUPART_HOST);
  const auto port = url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (code != CURLUE_OK || !scheme || !host || !port || (*scheme != "http" && *scheme != "https")) {
    return fail(Errc::kMalformed, "\"" + excerpt(text) + "\" is not an http or https URL");
  }
  const auto number = parse_number<std::uint16_t>(*port);
  return UrlParts{*host, number ? *number : std::uint16_t{0}, *scheme == "https"};
}

/// Where to connect in the form of CURLOPT_CONNECT_TO, whatever host and port the URL names.
std::string connect_to(const std::string& address, std::uint16_t port) {
  return "::" + format_endpoint(address, port);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

Result<> add_headers(const HttpRequest& request, HeaderLines& lines) {
  HttpHeaders all = request.headers;
  if (!request.host_header.empty()) all.emplace_back("Host", request.host_header);
  for (const auto& [name, value] : all) {
    if (has_line_break(name) || has_line_break(value)) {
      return fail(Errc::kMalformed, "a header to be sent has a line break in it");
    }
    lines.add(name + ": " + value);
  }
  return {};
}

void set_limits(CURL* curl, Deadline deadline) {
  // 0 would mean no limit.
  const long left = std::max(1L, static_cast<long>(deadline.left_for_poll()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, left);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 1L);  // on_body() refuses it, with evidence
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, (std::string("postflight/") + kVersion).c_str());
}

void set_callbacks(CURL* curl, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
}

template <class T>
T info(CURL* curl, CURLINFO what) {
  T value{};
  curl_easy_getinfo(curl, what, &value);
  return value;
}

std::string version_text(long version) {
  switch (version) {
    case CURL_HTTP_VERSION_1_0: return "1.0";
    case CURL_HTTP_VERSION_1_1: return "1.1";
    case CURL_HTTP_VERSION_2_0: return "2";
    default: return "";
  }
}

void read_results(CURL* curl, bool tls, HttpResponse& response) {
  const auto seconds = [&](CURLINFO what) {
    return static_cast<double>(info<curl_off_t>(curl, what)) / 1e6;
  };
  response.status = static_cast<int>(info<long>(curl, CURLINFO_RESPONSE_CODE));
  response.http_version = version_text(info<long>(curl, CURLINFO_HTTP_VERSION));
  response.seconds_to_first_byte = seconds(CURLINFO_STARTTRANSFER_TIME_T);
  response.seconds_total = seconds(CURLINFO_TOTAL_TIME_T);
  if (const auto* type = response.header("content-type")) response.content_type = *type;
  if (const char* target = info<char*>(curl, CURLINFO_REDIRECT_URL)) {
    response.location = printable_utf8(target);
  }
  response.tls = tls;
  if (!tls) return;
  const long verdict = info<long>(curl, CURLINFO_SSL_VERIFYRESULT);
  response.verify_result = verdict == X509_V_OK ? "ok" : X509_verify_cert_error_string(verdict);
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const {
  const auto it = std::ranges::find(headers, name, &HttpHeaders::value_type::first);
  return it == headers.end() ? nullptr : &it->second;
}

Result<HttpResponse> http_get(const HttpRequest& request) {
  PF_TRY_ASSIGN(const UrlParts url, parse_url(request.url));
  const std::string& address = request.connect_address.empty() ? url.host : request.connect_address;
  const std::uint16_t port = request.connect_port ? request.connect_port : url.port;
  PF_TRY_ASSIGN(const std::string peer, peer_name(request.unix_socket, address, port));
  if (request.deadline.passed()) return fail(Errc::kTimeout, peer + ": the deadline has passed");
  const Curl curl{curl_is_ready() ? curl_easy_init() : nullptr, curl_easy_cleanup};
  if (!curl) return fail(Errc::kUnsupported, "libcurl cannot be started");

  Exchange exchange{request, {}, {}, 0};
  exchange.progress.peer = peer;
  exchange.progress.tls = url.tls;
  HeaderLines headers, target;
  PF_TRY(add_headers(request, headers));
  target.add(connect_to(unbracketed(address), port));
  std::array<char, CURL_ERROR_SIZE> words{};
  set_limits(curl.get(), request.deadline);
  set_callbacks(curl.get(), exchange);
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, words.data());
  if (request.unix_socket.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_CONNECT_TO, target.get());
  } else {
    curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  const CURLcode code = curl_easy_perform(curl.get());
  read_results(curl.get(), url.tls, exchange.response);
  if (code == CURLE_OK || exchange.response.body_truncated) return std::move(exchange.response);
  exchange.progress.status = exchange.response.status;
  // Not the connect time: that is filled in only after a TLS handshake.
  exchange.progress.connected = info<long>(curl.get(), CURLINFO_LOCAL_PORT) > 0;
  return http_failure(code, static_cast<int>(info<long>(curl.get(), CURLINFO_OS_ERRNO)),
                      words.data(), exchange.progress);
}

}  // namespace postflight::host
