// SPDX-License-Identifier: Apache-2.0
#include "probes/http_page.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace postflight {
namespace {

constexpr std::size_t kTitleLimit = 120;
constexpr std::size_t kHealthWordLimit = 40;
constexpr std::size_t kHealthBodyLimit = 64 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Where `word`, in lower case, next stands in `text`, whatever its case; npos where it does not.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  const auto rest = text.substr(std::min(from, text.size()));
  const auto found = std::ranges::search(rest, word, [](char a, char b) { return lower(a) == b; });
  if (found.begin() == rest.end()) return std::string_view::npos;
  return from + static_cast<std::size_t>(found.begin() - rest.begin());
}

/// True where an element of this name opens at `text`, which begins with '<'.
bool opens(std::string_view text, std::string_view name) {
  const auto tag = text.substr(1, name.size());
  if (tag.size() != name.size() || find_word(tag, name, 0) != 0) return false;
  const auto after = text.substr(1 + name.size());
  return !after.empty() &&
         (after.front() == '>' || after.front() == '/' || is_space(after.front()));
}

/// The position after the next `end`, or the end of the text.
std::size_t skip_past(std::string_view text, std::string_view end, std::size_t from) {
  const auto at = find_word(text, end, from);
  return at == std::string_view::npos ? text.size() : at + end.size();
}

/// What stands between <title> at `at` and its end; empty where it has none.
std::string_view title_content(std::string_view body, std::size_t at) {
  const auto start = body.find('>', at);
  if (start == std::string_view::npos) return {};
  const auto end = find_word(body, "</title", start);
  if (end == std::string_view::npos) return {};
  return body.substr(start + 1, end - start - 1);
}

struct Entity {
  std::string_view name;
  char character;
};
constexpr std::array kEntities = {Entity{"&amp;", '&'},  Entity{"&lt;", '<'},
                                  Entity{"&gt;", '>'},   Entity{"&quot;", '"'},
                                  Entity{"&#39;", '\''}, Entity{"&apos;", '\''}};

std::string decode_entities(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto entity = std::ranges::find_if(
        kEntities, [&](const Entity& candidate) { return text.starts_with(candidate.name); });
    out += entity == kEntities.end() ? text.front() : entity->character;
    text.remove_prefix(entity == kEntities.end() ? 1 : entity->name.size());
  }
  return out;
}

std::string fold_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// Where the head's title element begins; npos where the body or a drawing comes first.
std::size_t find_title(std::string_view body) {
  for (auto at = body.find('<'); at != std::string_view::npos; at = body.find('<', at)) {
    const auto rest = body.substr(at);
    if (rest.starts_with("<!--")) {
      at = skip_past(body, "-->", at + 4);
    } else if (opens(rest, "script")) {
      at = skip_past(body, "</script", at);
    } else if (opens(rest, "style")) {
      at = skip_past(body, "</style", at);
    } else if (opens(rest, "title")) {
      return at;
    } else if (opens(rest, "body") || opens(rest, "svg")) {
      return std::string_view::npos;
    } else {
      ++at;
    }
  }
  return std::string_view::npos;
}

struct DefaultPage {
  std::string_view title;  ///< What its title begins with; empty for a page without a title.
  std::string_view
      proof;  ///< What its body holds, in lower case, where the title does not suffice.
  std::string_view name;
};
constexpr std::array kDefaultPages = {
    DefaultPage{"Welcome to nginx!", "", "Welcome to nginx"},
    DefaultPage{"Welcome to OpenResty!", "", "Welcome to OpenResty"},
    DefaultPage{"Test Page for the Nginx HTTP Server", "", "nginx Test Page"},
    DefaultPage{"Apache2 Debian Default Page", "", "Apache2 Debian Default Page"},
    DefaultPage{"Apache2 Ubuntu Default Page", "", "Apache2 Ubuntu Default Page"},
    DefaultPage{"Test Page for the Apache HTTP Server", "", "Apache Test Page"},
    DefaultPage{"Apache HTTP Server Test Page", "", "Apache Test Page"},
    DefaultPage{"HTTP Server Test Page", "", "HTTP Server Test Page"},
    DefaultPage{"", "<h1>it works!</h1>", "Apache It works"},
    DefaultPage{"Caddy works!", "", "Caddy works"},
    DefaultPage{"Welcome page", "installed by the debian release of the",
                "lighttpd placeholder page"},
    DefaultPage{"Apache Tomcat", "default tomcat home page", "Apache Tomcat home page"},
    DefaultPage{"Apache Tomcat", "successfully installed tomcat", "Apache Tomcat home page"},
    DefaultPage{"The install worked successfully! Congratulations!", "", "Django start page"},
    DefaultPage{"Ruby on Rails", "rails version", "Ruby on Rails start page"},
    DefaultPage{"Web Server's Default Page", "", "Plesk Default Page"},
    DefaultPage{"Domain Default page", "", "Plesk Default Page"}};

bool mentions(const std::string& lowered, std::string_view word) {
  return lowered.find(word) != std::string::npos;
}

/// Two answers that differ only in that each repeats its own path are told apart by nothing.
bool echoes(std::string_view body, std::string_view path) {
  return body.find(path) != std::string_view::npos;
}

std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

std::string scalar_word(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (!value.is_string()) return "";
  return lower(excerpt(trim(value.get_ref<const std::string&>()), kHealthWordLimit));
}

}  // namespace

std::string html_title(std::string_view body) {
  const auto at = find_title(body);
  if (at == std::string_view::npos) return "";
  // A title without an end must not make us decode a whole page.
  const auto content = title_content(body, at).substr(0, 16 * kTitleLimit);
  return excerpt(fold_space(decode_entities(content)), kTitleLimit);
}

bool is_html(std::string_view content_type, std::string_view body) {
  const std::string type = lower(media_type(content_type));
  if (!type.empty()) return type == "text/html" || type == "application/xhtml+xml";
  const std::string start = lower(trim(body.substr(0, 64)));
  return start.starts_with("<!doctype html") || start.starts_with("<html");
}

bool is_directory_listing(std::string_view title) {
  constexpr std::array<std::string_view, 5> kStarts = {"index of /", "directory listing for /",
                                                       "directory listing for [/", "directory: /",
                                                       "files within "};
  const std::string lowered = lower(title);
  return std::ranges::any_of(kStarts,
                             [&](std::string_view start) { return lowered.starts_with(start); });
}

std::string_view default_page_name(std::string_view title, std::string_view body) {
  for (const DefaultPage& page : kDefaultPages) {
    const bool titled = page.title.empty() ? title.empty() : title.starts_with(page.title);
    if (titled &&
        (page.proof.empty() || find_word(body, page.proof, 0) != std::string_view::npos)) {
      return page.name;
    }
  }
  return "";
}

bool asks_for_tls(int status, std::string_view body) {
  if (status != 400) return false;
  const std::string start = lower(body.substr(0, 2048));
  return mentions(start, "plain http request was sent to https port") ||
         mentions(start, "speaking plain http to an ssl-enabled server port") ||
         mentions(start, "client sent an http request to an https server");
}

FirstBytes classify_first_bytes(std::string_view bytes) {
  if (bytes.starts_with("HTTP/")) return FirstBytes::http;
  // RFC 8446, section 5.1: a record of type alert or handshake, major version 3.
  const bool record = bytes.size() >= 2 && (bytes[0] == 21 || bytes[0] == 22) && bytes[1] == 3;
  return record ? FirstBytes::tls : FirstBytes::other;
}

std::string normal_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const std::string scheme = lower(url.substr(0, scheme_end));
  const std::string_view rest = url.substr(scheme_end + 3);
  const auto path_at = std::min(rest.find_first_of("/?"), rest.size());
  std::string authority = lower(rest.substr(0, path_at));
  const std::string_view default_port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(default_port)) authority.resize(authority.size() - default_port.size());
  const auto colon = authority.find(':');
  const auto host_end = colon == std::string::npos ? authority.size() : colon;
  if (host_end > 0 && authority[host_end - 1] == '.') authority.erase(host_end - 1, 1);
  const std::string_view path = rest.substr(path_at);
  return scheme + "://" + authority + (path.starts_with('/') ? "" : "/") + std::string(path);
}

std::string_view origin_of(std::string_view normal_url) {
  const auto scheme_end = normal_url.find("://");
  if (scheme_end == std::string_view::npos) return {};
  return normal_url.substr(0, normal_url.find('/', scheme_end + 3));
}

std::string without_query(std::string_view url) {
  const auto query = url.find('?');
  std::string out = excerpt(url.substr(0, query));
  if (query != std::string_view::npos) out += "?…";
  return out;
}

std::string_view cookie_pair(std::string_view set_cookie) {
  const auto pair = trim(set_cookie.substr(0, set_cookie.find(';')));
  return pair.find('=') == std::string_view::npos ? std::string_view{} : pair;
}

bool is_health_answer(std::string_view path, const PageAnswer& answer, const PageAnswer& unknown) {
  const auto failing = [](int status) { return status >= 500 && status <= 504 && status != 501; };
  const auto fine = [](int status) { return status >= 200 && status < 300; };
  // Where everything fails, the failure says nothing about this path.
  if (failing(answer.status)) return !failing(unknown.status);
  if (!fine(answer.status)) return false;
  const bool may_be_html = path == "/up";
  if (is_html(answer.content_type, answer.body) && !may_be_html) return false;
  if (!fine(unknown.status)) return true;
  // A server that says 200 to everything: only another kind of answer is this path's own.
  if (media_type(answer.content_type) != media_type(unknown.content_type)) return true;
  return !may_be_html && answer.body != unknown.body && !echoes(answer.body, path);
}

std::string health_word(std::string_view body) {
  const auto json = parse_json(body, {.max_bytes = kHealthBodyLimit, .max_depth = 32});
  if (!json || !json->is_object()) return "";
  for (const char* key : {"status", "state", "health", "healthy", "ok"}) {
    const auto it = json->find(key);
    if (it == json->end()) continue;
    if (const std::string word = scalar_word(*it); !word.empty()) return word;
  }
  return "";
}

}  // namespace postflight
