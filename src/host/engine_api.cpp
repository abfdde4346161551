// SPDX-License-Identifier: Apache-2.0
#include "host/engine_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "host/http_client.h"

namespace postflight::host {
namespace {

constexpr std::size_t kFrameHead = 8;
constexpr std::size_t kMessageShown = 200;

using Version = std::pair<unsigned, unsigned>;

std::optional<Version> parse_version(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto major = parse_number<unsigned>(text.substr(0, dot));
  const auto minor = parse_number<unsigned>(text.substr(dot + 1));
  if (!major || !minor) return std::nullopt;
  return Version{*major, *minor};
}

/// {"message": "No such container: x"} in the engine's words; else the beginning of the answer.
std::string message_in(const std::string& body) {
  const auto json = select_json(body, {"message"}, {.max_kept_bytes = 64 * 1024});
  if (json && json->is_object() && json->contains("message") && json->at("message").is_string()) {
    return excerpt(json->at("message").get_ref<const std::string&>(), kMessageShown);
  }
  return excerpt(trim(body), kMessageShown);
}

std::unexpected<Error> with_advice(Error error, const std::string& socket) {
  if (error.code == Errc::kDenied) {
    error.what += "; run as root, or as a member of the group that owns " + socket;
  }
  return std::unexpected(std::move(error));
}

Result<HttpResponse> ask(const std::string& socket, const std::string& path, std::size_t limit,
                         Deadline deadline) {
  HttpRequest request;
  request.url = "http://localhost" + path;
  request.unix_socket = socket;
  request.deadline = deadline;
  request.body_limit = limit;
  auto response = http_get(request);
  if (!response) return with_advice(std::move(response).error(), socket);
  return response;
}

Result<> check_status(const HttpResponse& response, std::string_view path) {
  if (response.status >= 200 && response.status < 300) return {};
  const std::string what =
      fmt::format("GET {}: {} {}", path, response.status, message_in(response.body));
  return fail(response.status == 404 ? Errc::kNotFound : Errc::kUnsupported, what);
}

bool refuses_the_version(const HttpResponse& response) {
  return response.status == 400 && response.body.find("client version") != std::string::npos;
}

std::size_t frame_length(std::string_view head) {
  std::size_t length = 0;
  for (std::size_t i = 4; i < kFrameHead; ++i) {
    length = length << 8 | static_cast<unsigned char>(head[i]);
  }
  return length;
}

bool is_frame_head(std::string_view bytes) {
  return bytes.size() >= kFrameHead && static_cast<unsigned char>(bytes[0]) <= 2 &&
         bytes.substr(1, 3) == std::string_view("\0\0\0", 3);
}

}  // namespace

std::string negotiated_version(std::string_view theirs) {
  const auto their = parse_version(theirs);
  if (!their) return {};
  return std::string(*their < *parse_version(kNewestEngineApi) ? theirs : kNewestEngineApi);
}

Result<EngineApi> EngineApi::open(std::string socket, Deadline deadline) {
  EngineApi engine{std::move(socket)};
  PF_TRY_ASSIGN(const HttpResponse response, ask(engine.socket_, "/_ping", 4096, deadline));
  PF_TRY(check_status(response, "/_ping"));
  const auto header = [&](std::string_view name) {
    const std::string* value = response.header(name);
    return value ? *value : std::string{};
  };
  engine.ping_ = {header("api-version"), header("server"),
                  response.header("libpod-api-version") != nullptr, response.seconds_total};
  engine.version_ = negotiated_version(engine.ping_.api_version);
  return engine;
}

Result<std::string> EngineApi::body(std::string_view path, std::size_t limit, bool whole,
                                    Deadline deadline) {
  const auto versioned = [&] {
    return version_.empty() ? std::string(path) : fmt::format("/v{}{}", version_, path);
  };
  PF_TRY_ASSIGN(HttpResponse response, ask(socket_, versioned(), limit, deadline));
  if (refuses_the_version(response) && !version_.empty()) {
    // An engine whose oldest version is newer than our newest. Without one it speaks its own.
    version_.clear();
    PF_TRY_ASSIGN(response, ask(socket_, versioned(), limit, deadline));
  }
  PF_TRY(check_status(response, path));
  if (whole && response.body_truncated) {
    return fail(Errc::kMalformed,
                fmt::format("GET {}: the answer is larger than {} bytes", path, limit));
  }
  return std::move(response.body);
}

Result<Json> EngineApi::get(std::string_view path, const JsonSelection& wanted, Deadline deadline) {
  PF_TRY_ASSIGN(const std::string text, body(path, kEngineAnswerLimit, true, deadline));
  auto json = select_json(text, wanted);
  if (!json) return fail(json.error().code, fmt::format("GET {}: {}", path, json.error().what));
  return json;
}

Result<std::string> EngineApi::get_text(std::string_view path, std::size_t limit,
                                        Deadline deadline) {
  return body(path, limit, false, deadline);
}

std::string escaped_path(std::string_view text) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string parse_log_frames(std::string_view bytes) {
  if (!is_frame_head(bytes)) return std::string(bytes);  // of a terminal
  std::string out;
  while (is_frame_head(bytes)) {
    const std::size_t length = std::min(frame_length(bytes), bytes.size() - kFrameHead);
    out += bytes.substr(kFrameHead, length);
    bytes.remove_prefix(kFrameHead + length);
  }
  return out;
}

}  // namespace postflight::host
