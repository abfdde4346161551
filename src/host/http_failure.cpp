// SPDX-License-Identifier: Apache-2.0
// Sorts libcurl's codes into the few causes a reader can act on.
#include "host/http_failure.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "model/topology.h"

namespace postflight::host {
namespace {

bool is_numeric(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  const std::string plain = address.substr(0, address.find('%'));
  return ::inet_pton(AF_INET, plain.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, plain.c_str(), bytes.data()) == 1;
}

/// RFC 8446 section 5.1: a record of type alert (21) or handshake (22), major version 3.
bool looks_like_tls(std::string_view bytes) {
  return bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03;
}

std::unexpected<Error> timed_out(const HttpProgress& progress) {
  std::string how_far = ": no connection in time";
  if (progress.status != 0) {
    how_far = ": answered " + std::to_string(progress.status) +
              ", but the answer was not complete in time (" + std::to_string(progress.body_bytes) +
              " bytes of the body came)";
  } else if (progress.connected && progress.tls) {
    how_far = ": connected, but no answer over TLS in time";
  } else if (progress.connected) {
    how_far = ": connected, but no answer in time";
  }
  return fail(Errc::kTimeout, progress.peer + how_far);
}

std::unexpected<Error> not_http(const HttpProgress& progress) {
  if (looks_like_tls(progress.garbage)) {
    return fail(Errc::kMalformed,
                progress.peer + ": answers with TLS where plain HTTP was expected");
  }
  return fail(Errc::kMalformed, progress.peer + ": the answer is not HTTP: \"" +
                                    excerpt(progress.garbage, 64) + "\"");
}

std::unexpected<Error> not_connected(int os_error, std::string_view words,
                                     const HttpProgress& progress) {
  if (os_error == ECONNREFUSED) {
    return fail(Errc::kUnreachable, "connect " + progress.peer + ": connection refused");
  }
  if (os_error == 0) {
    return fail(Errc::kUnreachable, "connect " + progress.peer + ": " + excerpt(words, 160));
  }
  return fail_errno("connect " + progress.peer, os_error);
}

std::unexpected<Error> handshake_failed(std::string_view words, const HttpProgress& progress) {
  const auto says = [&](std::string_view part) {
    return words.find(part) != std::string_view::npos;
  };
  // OpenSSL reads the first bytes of plain text as the version of a record.
  if (says("wrong version number") || says("packet length too long") || says("http request") ||
      says("record layer failure")) {
    return fail(Errc::kMalformed, progress.peer + ": answers in plain text where TLS was expected");
  }
  if (says("SYSCALL") || says("unexpected eof") || says("Connection reset")) {
    return fail(Errc::kUnreachable,
                progress.peer + ": closed the connection during the TLS handshake");
  }
  return fail(Errc::kMalformed,
              progress.peer + ": the TLS handshake failed: " + excerpt(words, 160));
}

}  // namespace

std::unexpected<Error> http_failure(int code, int os_error, std::string_view words,
                                    const HttpProgress& progress) {
  if (progress.headers_too_large) {
    return fail(Errc::kMalformed, progress.peer + ": more than 64 KiB of headers");
  }
  if (!progress.garbage.empty()) return not_http(progress);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return timed_out(progress);
    case CURLE_COULDNT_CONNECT: return not_connected(os_error, words, progress);
    case CURLE_SSL_CONNECT_ERROR: return handshake_failed(words, progress);
    case CURLE_GOT_NOTHING:
      return fail(Errc::kUnreachable, progress.peer + ": closed the connection without an answer");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return fail(Errc::kUnreachable, progress.peer + ": connection lost: " + excerpt(words, 160));
    case CURLE_PARTIAL_FILE:
      return fail(Errc::kMalformed, progress.peer + ": answered " +
                                        std::to_string(progress.status) +
                                        ", but closed before the answer was complete");
    default:
      return fail(Errc::kMalformed,
                  progress.peer + ": no proper HTTP answer: " + excerpt(words, 160));
  }
}

Result<std::string> peer_name(const std::string& unix_socket, const std::string& address,
                              std::uint16_t port) {
  if (!unix_socket.empty()) return unix_socket;
  const std::string plain = unbracketed(address);
  if (is_numeric(plain)) return format_endpoint(plain, port);
  return fail(Errc::kUnsupported,
              "\"" + excerpt(address) + "\" is a name, and this client is to be told an address");
}

std::string unbracketed(const std::string& address) {
  if (address.size() < 2 || address.front() != '[' || address.back() != ']') return address;
  return address.substr(1, address.size() - 2);
}

}  // namespace postflight::host
