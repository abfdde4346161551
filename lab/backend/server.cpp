// SPDX-License-Identifier: Apache-2.0
#include "backend/server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <cstdio>
#include <mutex>

namespace postflight::lab {
namespace {

/// A request may hang for as long as its database does; others must find a thread all the same.
constexpr std::size_t kThreads = 64;
constexpr int kBacklog = 1024;
constexpr std::size_t kLongestBody = 64 * 1024;
constexpr std::size_t kRequestsPerConnection = 100;

const char* phrase_for(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 422: return "Unprocessable Entity";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "";
  }
}

/// The target as it came, but for bytes with which a client could forge lines of the log.
std::string printable(std::string_view target) {
  std::string text;
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > 0x20 && byte < 0x7f && c != '"' && c != '\\';
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return text;
}

std::string access_line(const httplib::Request& request, int status) {
  return fmt::format("INFO:     {}:{} - \"{} {} {}\" {} {}", request.remote_addr,
                     request.remote_port, printable(request.method), printable(request.target),
                     printable(request.version), status, phrase_for(status));
}

bool has_body(const httplib::Request& request) {
  return request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
}

lab::Request request_from(const httplib::Request& request) {
  return {.method = request.method,
          .path = request.path,
          .query = request.params,
          .body = request.body};
}

void put(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, "application/json");
  if (!answer.allow.empty()) response.set_header("Allow", answer.allow);
}

/// The library listens with a backlog of five, too short for the rush after a restart.
class WideServer : public httplib::Server {
 public:
  bool widen() { return ::listen(svr_sock_, kBacklog) == 0; }
};

}  // namespace

void say(std::string_view line) {
  static std::mutex mutex;
  const std::scoped_lock lock{mutex};
  fmt::print("{}\n", line);
  (void)std::fflush(stdout);
}

struct Server::Library {
  explicit Library(const Routes& given) : routes(given) { set_up(), route_all(); }

  void set_up() {
    http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http.set_address_family(AF_INET);
    http.set_tcp_nodelay(true);
    http.set_payload_max_length(kLongestBody);
    http.set_keep_alive_max_count(kRequestsPerConnection);
    http.set_exception_handler([](const auto&, auto& response, const std::exception_ptr&) {
      put(refusal(500, phrase_for(500)), response);
    });
    // For what the library refuses by itself, such as a request line that is none.
    http.set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty())
        put(refusal(response.status, phrase_for(response.status)), response);
    });
    http.set_logger([this](const httplib::Request& request, const httplib::Response& response) {
      say(access_line(request, response.status));
      routes.answered(request_from(request));
    });
  }

  void route_all() {
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
      put(routes.answer(request_from(request)), response);
    };
    // The library would wait for a body that was not announced until its time limit.
    http.set_pre_routing_handler([handler](const auto& request, auto& response) {
      if (has_body(request)) return httplib::Server::HandlerResponse::Unhandled;
      handler(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    constexpr const char* kEverything = ".*";
    http.Get(kEverything, handler).Post(kEverything, handler).Put(kEverything, handler);
    http.Patch(kEverything, handler).Delete(kEverything, handler).Options(kEverything, handler);
  }

  const Routes& routes;
  WideServer http;
};

Server::Server(const Routes& routes) : library_(std::make_unique<Library>(routes)) {}
Server::~Server() = default;

std::optional<std::uint16_t> Server::bind(std::uint16_t port) {
  WideServer& http = library_->http;
  const int taken = port == 0 ? http.bind_to_any_port("0.0.0.0")
                              : (http.bind_to_port("0.0.0.0", port) ? port : -1);
  if (taken <= 0 || !http.widen()) return std::nullopt;
  return static_cast<std::uint16_t>(taken);
}

void Server::run() {
  library_->http.listen_after_bind();
}

void Server::stop() {
  library_->http.stop();
}

}  // namespace postflight::lab
