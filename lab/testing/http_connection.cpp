// SPDX-License-Identifier: Apache-2.0
#include "testing/http_connection.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace postflight::lab::testing {
namespace {

constexpr long kLimitMs = 20'000;

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* answer) {
  static_cast<HttpAnswer*>(answer)->body.append(bytes, count);
  return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* answer) {
  const std::string_view line = trim({bytes, count});
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos) return count;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  static_cast<HttpAnswer*>(answer)->headers.emplace_back(name, line.substr(colon + 2));
  return count;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderLines = std::unique_ptr<curl_slist, FreeList>;

HeaderLines lines_of(const std::vector<std::string>& headers) {
  // Without this curl would wait to be told to go on before it sends a large body.
  HeaderLines lines{curl_slist_append(nullptr, "Expect:")};
  for (const std::string& line : headers) curl_slist_append(lines.get(), line.c_str());
  return lines;
}

/// An empty body is not announced either: servers must not wait for it.
void set_method(CURL* curl, const HttpQuery& query) {
  if (query.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!query.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(query.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, query.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, query.method.c_str());
}

void set_answer(CURL* curl, HttpAnswer& answer) {
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
}

void set_limits(CURL* curl) {
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kLimitMs);
}

long version_of(HttpConnection::Version version) {
  return version == HttpConnection::Version::k2 ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                : CURL_HTTP_VERSION_1_1;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

struct HttpConnection::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

HttpConnection::HttpConnection(std::uint16_t port, Version version)
    : handle_(std::make_unique<Handle>()),
      origin_("http://127.0.0.1:" + std::to_string(port)),
      version_(version) {}

HttpConnection::~HttpConnection() = default;

HttpAnswer HttpConnection::ask(const HttpQuery& query) {
  CURL* curl = handle_->curl;
  HttpAnswer answer;
  const HeaderLines lines = lines_of(query.headers);
  curl_easy_reset(curl);  // keeps the connection
  curl_easy_setopt(curl, CURLOPT_URL, (origin_ + query.path).c_str());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, version_of(version_));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
  set_limits(curl);
  set_answer(curl, answer);
  set_method(curl, query);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) answer.error = curl_easy_strerror(code);
  long status = 0, connects = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &answer.seconds);
  connects_ += connects;
  answer.status = code == CURLE_OK ? static_cast<int>(status) : 0;
  return answer;
}

}  // namespace postflight::lab::testing
