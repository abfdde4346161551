// SPDX-License-Identifier: Apache-2.0
#include "host/postgres_errors.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace postflight::host {
namespace {

constexpr std::size_t kStateLength = 5;

/// What one SQLSTATE, or a whole class by its first two characters, means for the one who asked.
struct Meaning {
  std::string_view state;
  Errc code;
  std::string_view advice;
};

constexpr std::string_view kToAllow =
    "allow it: run as root, or name a role with pg_monitor under credentials in postflight.yaml";

// The first that fits counts: single states stand before their class.
constexpr std::array kMeanings = {
    Meaning{"42501", Errc::kDenied, kToAllow},
    Meaning{"28", Errc::kDenied, kToAllow},
    Meaning{"57014", Errc::kTimeout, "it took too long"},
    Meaning{"55P03", Errc::kTimeout, "somebody else holds a lock on it"},
    Meaning{"53300", Errc::kUnreachable, "no free connection"},
    Meaning{"53", Errc::kUnreachable, "the server lacks resources"},
    Meaning{"57P03", Errc::kUnreachable, "the server does not take connections yet"},
    Meaning{"57", Errc::kUnreachable, "the server ended the connection"},
    Meaning{"58", Errc::kUnreachable, "the server could not read its files"},
    Meaning{"08P01", Errc::kUnsupported, "is it a pooler? Name the server's own port"},
    Meaning{"40", Errc::kUnreachable, "the server broke it off"},
    Meaning{"3D000", Errc::kNotFound, "there is no such database"},
    Meaning{"42", Errc::kUnsupported, "this server cannot tell"},
    Meaning{"0A", Errc::kUnsupported, "this server cannot tell"},
    Meaning{"55", Errc::kUnsupported, "not in the server's present state"},
    Meaning{"25006", Errc::kUnsupported, "it would write"},
};

bool is_state(std::string_view text) {
  return text.size() == kStateLength && std::ranges::all_of(text, [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

std::string first_line(std::string_view text) {
  return excerpt(trim(text.substr(0, text.find('\n'))), 300);
}

/// libpq's own failures have no SQLSTATE; their words are stable and English, or translated.
Errc code_without_state(std::string_view message) {
  if (message.find("no password supplied") != std::string_view::npos) return Errc::kDenied;
  for (const std::string_view sign :
       {"received invalid response", "expected authentication request", "unexpected message",
        "invalid data in", "lost synchronization", "unexpected response", "insufficient data in",
        "invalid response to SSL"}) {
    if (message.find(sign) != std::string_view::npos) return Errc::kMalformed;
  }
  if (message.find("Permission denied") != std::string_view::npos) return Errc::kDenied;
  return Errc::kUnreachable;
}

}  // namespace

PostgresRefusal parse_connection_error(std::string_view text) {
  // "SEVERITY:  STATE: message"; the last one counts, earlier ones are of attempts before it.
  for (std::size_t at = text.rfind(":  "); at != std::string_view::npos && at > 0;
       at = text.rfind(":  ", at - 1)) {
    const std::string_view rest = text.substr(at + 3);
    if (rest.size() > kStateLength + 1 && is_state(rest.substr(0, kStateLength)) &&
        rest[kStateLength] == ':') {
      return {std::string(rest.substr(0, kStateLength)), first_line(rest.substr(kStateLength + 1))};
    }
  }
  return {"", first_line(text)};
}

Error error_from_refusal(const PostgresRefusal& refusal, std::string_view doing) {
  const std::string what = std::string(doing) + ": ";
  if (refusal.sqlstate.empty()) {
    const Errc code = code_without_state(refusal.message);
    const bool denied = code == Errc::kDenied;
    return {code, what + refusal.message + (denied ? "; " + std::string(kToAllow) : "")};
  }
  const std::string said = what + refusal.message + " (SQLSTATE " + refusal.sqlstate + ")";
  const auto* meaning = std::ranges::find_if(
      kMeanings, [&](const Meaning& one) { return refusal.sqlstate.starts_with(one.state); });
  if (meaning == kMeanings.end()) return {Errc::kUnreachable, said};
  return {meaning->code, said + "; " + std::string(meaning->advice)};
}

}  // namespace postflight::host
