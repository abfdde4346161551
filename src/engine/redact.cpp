// SPDX-License-Identifier: Apache-2.0
#include "engine/redact.h"

#include <re2/re2.h>

#include <array>
#include <memory>
#include <vector>

#include "model/codec.h"

namespace postflight {
namespace {

/// A pattern and what replaces its match; \1 keeps what introduces the secret.
struct SecretPattern {
  const char* pattern;
  const char* replacement;
};

constexpr std::array kPatterns = {
    // scheme://user:password@host, RFC 3986 section 3.2.1; the user name stays.
    SecretPattern{R"(([A-Za-z][A-Za-z0-9+.\-]*://[^\s:/?#\[\]@]*:)[^\s/?#]*@)", R"(\1[redacted]@)"},
    // A private key in PEM, with or without its end.
    SecretPattern{R"((?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$))",
                  "[redacted]"},
    // Authorization headers: RFC 7617, RFC 6750.
    SecretPattern{R"((?i)\b(bearer\s+)[A-Za-z0-9\-._~+/]{12,}=*)", R"(\1[redacted])"},
    SecretPattern{R"((?i)\b((?:proxy-)?authorization:\s*)[^\r\n]+)", R"(\1[redacted])"},
    SecretPattern{R"((?i)\b((?:set-)?cookie:\s*)[^\r\n]+)", R"(\1[redacted])"},
    // JSON Web Token, RFC 7519: three base64url parts, the first two JSON objects.
    SecretPattern{R"(\beyJ[A-Za-z0-9_\-]{6,}\.eyJ[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]*)", "[redacted]"},
    // Keys of well-known issuers.
    SecretPattern{R"(\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)", "[redacted]"},
    SecretPattern{R"(\bgh[pousr]_[A-Za-z0-9]{20,}\b)", "[redacted]"},
    SecretPattern{R"(\bsk-[A-Za-z0-9_\-]{20,}\b)", "[redacted]"},
    SecretPattern{R"(\bxox[abprs]-[A-Za-z0-9\-]{10,})", "[redacted]"},
    // name=value, name: value, "name": "value".
    SecretPattern{
        R"re((?i)([A-Za-z0-9_.\-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth[_-]?pass)[A-Za-z0-9_\-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&}]+))re",
        R"(\1[redacted])"},
    // --name value on a command line, and Redis's directives; a bare "password required" is prose.
    SecretPattern{
        R"((?i)(\s--?[a-z0-9\-]*(?:passw(?:or)?d|passphrase|secret|token|api-?key|requirepass|masterauth)\s+)\S+)",
        R"(\1[redacted])"},
    SecretPattern{R"((?i)(\b(?:requirepass|masterauth)\s+)\S+)", R"(\1[redacted])"},
    SecretPattern{R"(\b(AUTH\s+(?:\S+\s+)?)\S{4,}$)", R"(\1[redacted])"},
    // PGPASSWORD=… is caught above; mysql and redis-cli glue or follow short options.
    SecretPattern{R"((\b(?:mysql|mysqldump|mariadb|mariadb-dump)\b.*?\s-p)[^\s]+)", R"(\1[redacted])"},
    SecretPattern{R"((\bredis-cli\b.*?\s(?:-a|--pass)\s+)[^\s]+)", R"(\1[redacted])"},
};

/// The compiled patterns. Compiling costs more than most texts, so it is done once per gate.
class Gate {
 public:
  Gate() {
    for (const SecretPattern& secret : kPatterns) {
      compiled_.push_back({std::make_unique<RE2>(secret.pattern, RE2::Quiet), secret.replacement});
    }
    key_ = std::make_unique<RE2>(
        "(?i)(passw(or)?d|passphrase|secret|api_?key|access_?key|private_?key|credential|"
        "(^|_)token)$",
        RE2::Quiet);
  }

  std::string text(std::string_view input) const {
    std::string out(input);
    if (!may_hold_secret(input)) return out;
    for (const Compiled& secret : compiled_) RE2::GlobalReplace(&out, *secret.pattern, secret.replacement);
    return out;
  }

  void json(Json& value) const {
    if (value.is_string()) {
      value = text(value.get_ref<const std::string&>());
    } else if (value.is_object()) {
      for (auto& [key, member] : value.items()) {
        if (member.is_string() && !member.get_ref<const std::string&>().empty() &&
            RE2::PartialMatch(key, *key_)) {
          member = std::string(kRedacted);
        } else {
          json(member);
        }
      }
    } else if (value.is_array()) {
      for (Json& element : value) json(element);
    }
  }

 private:
  struct Compiled {
    std::unique_ptr<RE2> pattern;
    const char* replacement;
  };

  /// A secret of any pattern is introduced by one of these bytes; most names and numbers have none.
  static bool may_hold_secret(std::string_view text) {
    return text.size() >= 6 && text.find_first_of(" =:@-._") != std::string_view::npos;
  }

  std::vector<Compiled> compiled_;
  std::unique_ptr<RE2> key_;
};

}  // namespace

std::string redact_text(std::string_view text) { return Gate{}.text(text); }

void redact_json(Json& value) { Gate{}.json(value); }

FactsDocument redact(FactsDocument document) {
  Json json = to_json(document);
  redact_json(json);
  // The document came from to_json a moment ago and only strings changed, so it must read back.
  return decode<FactsDocument>(json, "facts").value();
}

}  // namespace postflight
