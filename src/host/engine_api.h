// SPDX-License-Identifier: Apache-2.0
// Asks a container engine, Docker or Podman, over its Unix socket. Sends GET and nothing else, so
// nothing can be started, stopped or changed by it. Source: Docker Engine API, "Versioned API and
// SDK"; podman-system-service(1), the compatible API.
#pragma once

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/json_select.h"

namespace postflight::host {

/// The newest version of the API that this client knows. With an older engine its own is spoken.
inline constexpr std::string_view kNewestEngineApi = "1.47";

/// Largest answer that is read, in bytes.
inline constexpr std::size_t kEngineAnswerLimit = 16 * 1024 * 1024;

/// The older of the two versions "MAJOR.MINOR"; empty where `theirs` is none. Pure.
std::string negotiated_version(std::string_view theirs);

/// What GET /_ping told.
struct EnginePing {
  std::string api_version;  ///< Header Api-Version: the newest that the engine speaks.
  std::string server;       ///< Header Server: "Docker/20.10.24 (linux)", "Libpod/4.3.1 (linux)".
  bool podman = false;      ///< It has a Libpod-Api-Version.
  double seconds = 0;       ///< From connecting to the end of the answer.
};

class EngineApi {
 public:
  /// Asks the engine behind `socket` which versions it speaks.
  /// Errors: kNotFound (no such socket), kDenied (says how to allow it), kUnreachable (refused:
  /// nobody accepts there; closed), kTimeout, kMalformed, kUnsupported (it answers with an error).
  static Result<EngineApi> open(std::string socket, Deadline deadline);

  const EnginePing& ping() const { return ping_; }
  /// The version that is spoken, "1.41"; empty where the engine names none.
  const std::string& version() const { return version_; }

  /// GETs `path` ("/containers/json?all=1") and reads of the answer what is wanted.
  /// Errors: kNotFound where the engine says 404, with its words; kMalformed also where the answer
  /// is larger than kEngineAnswerLimit; kUnsupported for every other status that is no success;
  /// kTimeout, kDenied and kUnreachable as open().
  Result<Json> get(std::string_view path, const JsonSelection& wanted, Deadline deadline);

  /// The same, raw and cut after `limit` bytes.
  Result<std::string> get_text(std::string_view path, std::size_t limit, Deadline deadline);

 private:
  explicit EngineApi(std::string socket) : socket_(std::move(socket)) {}
  Result<std::string> body(std::string_view path, std::size_t limit, bool whole, Deadline deadline);

  std::string socket_;
  EnginePing ping_;
  std::string version_;
};

/// `text` as part of a path: everything but letters, digits and -._~/:@ as %XX. Pure.
std::string escaped_path(std::string_view text);

/// The lines in an answer to /containers/ID/logs. The engine puts eight bytes before each piece
/// (stream, three zeros, length) unless the container has a terminal; both forms are understood.
/// Bytes are returned raw; a piece that is cut off is kept as far as it came. Pure.
std::string parse_log_frames(std::string_view bytes);

}  // namespace postflight::host
