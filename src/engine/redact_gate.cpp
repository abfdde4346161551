// SPDX-License-Identifier: Apache-2.0
#include "engine/redact_gate.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/redact.h"
#include "engine/redact_named.h"
#include "engine/redact_url.h"

namespace postflight {
namespace {

/// What a match must be besides matching, where the pattern alone would take prose for a secret.
enum class Unless {
  never,
  plain_words,
  mechanism,
  prose_after_directive,
  prose_after_password,
  option
};

/// A pattern whose first group, if any, introduces the secret and stays, and whose last group is
/// the secret itself.
struct SecretPattern {
  const char* pattern;
  Unless unless = Unless::never;
};

constexpr std::array kPatterns = {
    // A private key in PEM (RFC 7468), also one whose end or beginning an excerpt cut off.
    SecretPattern{
        R"((?s)()(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)))"},
    SecretPattern{
        R"(()((?:[A-Za-z0-9+/=]{16,}(?:\s|\\n|\\r)+|[A-Za-z0-9+/=]{1,76}(?:\s|\\n|\\r)+)+-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----))"},
    // Headers: RFC 9110 sections 11.6.2 and 11.7.2, RFC 6265.
    SecretPattern{
        R"re((?i)(["'](?:(?:proxy-)?authorization|(?:set-)?cookie)["']?\s*[:=]\s*["']?)([^\r\n"']+))re"},
    SecretPattern{
        R"re((?i)((?:^|[^"'\w\-])(?:(?:proxy-)?authorization|(?:set-)?cookie)\s*:\s*)([^\r\n]+))re"},
    SecretPattern{R"((?i)(\bbearer\s+)([A-Za-z0-9\-._~+/]{8,}=*))", Unless::plain_words},
    SecretPattern{R"((?i)(\bbasic\s+)([A-Za-z0-9+/]{8,}=*))", Unless::plain_words},
    // JSON Web Token, RFC 7519: a base64url JSON object, then more parts, some of which may be cut
    // off.
    SecretPattern{R"(()(\beyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]*){0,4}))"},
    // Keys of well-known issuers.
    SecretPattern{R"(()(\b(?:AKIA|ASIA)[A-Z0-9]{12,}))"},
    SecretPattern{R"(()(\bAIza[A-Za-z0-9_\-]{20,}|\bya29\.[A-Za-z0-9_\-]{10,}))"},
    SecretPattern{
        R"(()(\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}|\bglpat-[A-Za-z0-9_\-]{16,}))"},
    SecretPattern{R"(()(\bsk-[A-Za-z0-9_\-]{16,}))", Unless::plain_words},
    SecretPattern{
        R"(()(\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{10,}))"},
    SecretPattern{R"(()(\bxox[abeprs]-[A-Za-z0-9\-]{10,}))"},
    SecretPattern{R"((hooks\.slack\.com/services/)([A-Za-z0-9/]+))"},
    SecretPattern{R"(()(\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}))"},
    SecretPattern{R"(()(\b(?:npm|hf|dckr_pat|dop_v1|hvs|pypi)[_.\-][A-Za-z0-9_\-]{20,}))",
                  Unless::plain_words},
    SecretPattern{R"(()(\b\d{8,10}:[A-Za-z0-9_\-]{35}\b))"},
    SecretPattern{R"(()(\bAGE-SECRET-KEY-1[A-Z0-9]{10,}))"},
    // Hashes of passwords: crypt(5), PostgreSQL's pg_authid, Redis's ACL.
    SecretPattern{
        R"(()(\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2\w{0,2}|scrypt|pbkdf2[\w\-]*)\$[^\s:"',;]{8,}))"},
    SecretPattern{R"(()(\bSCRAM-SHA-\d+\$[^\s"']{8,}|\bmd5[0-9a-f]{32}\b))"},
    SecretPattern{
        R"re((\b(?:user|(?i:setuser))["']?\s+\S+\s+(?:(?:[^\s>]\S*|>\[redacted\])\s+)*?["']?>)((?:[^\s\[]|\[(?:[^r\s]|r[^e\s]))\S*(?:[ \t]+["']?>\S+)*))re"},
    SecretPattern{R"((\s#)([0-9a-f]{64})\b)"},
    // Addresses of databases that are no URLs: Go's MySQL driver, Oracle, libpq's password file.
    SecretPattern{R"(([\w.\-]+:)([^\s"']+)@(?:tcp|unix)\()"},
    SecretPattern{R"((\bjdbc:oracle:\w+:[^\s/:@]+/)([^\s@"']+)@)"},
    SecretPattern{
        R"((?m)(^(?:localhost|\*|[\w\-]+(?:\.[\w\-]+)+):(?:\d{2,5}|\*):[^:\s]+:[^:\s]+:)(\S+)$)"},
    SecretPattern{
        R"((?i)(<(?:[\w:.\-]*[_.:\-])?(?:password|passwd|passphrase|secret|token|api[_\-]?key)(?:\s(?:[^<>]*[^<>/])?)?>(?:<!\[CDATA\[)?)([^<]+)(?:</|…))"},
    // SQL.
    SecretPattern{R"((?i)(\bpassword(?:\s+|\s*\(\s*)')((?:[^']|'')+))"},
    SecretPattern{R"((?is)(\bpassword\s+e')((?:[^'\\]|''|\\.)+))"},
    SecretPattern{R"((?is)(\bpassword\s+\$\w*\$)(.*?)(?:\$\w*\$|$))"},
    SecretPattern{R"re((?i)(\bpassword\s*\(\s*")((?:[^"]|"")+))re"},
    SecretPattern{R"((?i)(\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+')((?:[^']|'')+))"},
    SecretPattern{R"re((?i)(\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+")((?:[^"]|"")+))re"},
    // Configurations: .netrc (ftp(1)) and HAProxy.
    SecretPattern{
        R"((\b(?:machine\s+\S+|default)\s+login\s+\S+\s+(?:account\s+\S+\s+)?password\s+)(\S+))",
        Unless::prose_after_password},
    SecretPattern{R"((?m)(^[ \t]*login[ \t]+\S+\s+password[ \t]+)(\S+)[ \t\r]*$)",
                  Unless::prose_after_password},
    SecretPattern{R"((\bstats\s+auth\s+[^\s:]+:)(\S+))"},
    SecretPattern{R"((\binsecure-password\s+)(\S+))"},
    // Redis: directives and commands.
    SecretPattern{R"((?i)(\b(?:requirepass|masterauth)["']?\s+["']?)([^\s"'\x00]+))",
                  Unless::prose_after_directive},
    SecretPattern{R"((?m)((?:^|\s)AUTH\s+)(\S+(?:[ \t]+\S+)?)\s*$)", Unless::mechanism},
    SecretPattern{R"((?m)(\bHELLO\s+[23]\s+AUTH\s+\S+\s+)(\S+))"},
    // Options of commands. A value that begins with - is the next option: this one asks for the
    // password.
    SecretPattern{
        R"re((?i)((?:^|[\s\x00])--?[a-z0-9\-]*(?:passw(?:or)?d|passphrase|pass|secret|token|api-?key|secret-key|requirepass|masterauth)[\s\x00]+["']?)([^\s"'\x00]+))re",
        Unless::option},
    SecretPattern{
        R"re((?i)(["']--?[a-z0-9\-]*(?:passw(?:or)?d|passphrase|pass|secret|token|api-?key|secret-key|requirepass|masterauth)\\*["']\s*,\s*\\*["'])((?:[^"'\\]|\\[^"'])+))re",
        Unless::option},
    SecretPattern{
        R"((\b(?:mysql|mysqldump|mysqladmin|mysqlcheck|mysqlimport|mariadb|mariadb-dump|mariadb-admin|sshpass)\b[^\n|;]*?\s-p)([^\s]+))"},
    SecretPattern{
        R"((\b(?:sshpass|mongo|mongosh|mongodump|docker login|podman login)\b[^\n|;]*?\s-p\s+)(\S+))",
        Unless::option},
    SecretPattern{
        R"((\bredis-(?:cli|benchmark)\b[^\n|;]*?[\s\x00](?:-a|--pass)[\s\x00]+)([^\s\x00]+))",
        Unless::option},
    SecretPattern{R"((\bldap\w+\b[^\n|;]*?\s-w\s+)(\S+))", Unless::option},
    SecretPattern{
        R"((\b(?:curl|wget|http)\b[^\n|;]*?\s(?:-u|-U|-a|--user|--proxy-user|--auth)[\s=]*["']?[^\s:"']+:)([^\s"']+))"},
    SecretPattern{
        R"((\brabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S+\s+)(\S+))"},
    SecretPattern{R"((?:\s-pass(?:in|out)\s+|\s)(pass:)(\S+))"},
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_plain_words(std::string_view text) {
  return text.substr(1).find_first_not_of("abcdefghijklmnopqrstuvwxyz-_.") ==
         std::string_view::npos;
}

/// What a usage line has in place of a value: <password>.
bool is_placeholder(std::string_view text) {
  static const RE2 pattern{
      R"re((?i)^<(?:your|the|my|new|old)$|^<(?:[a-z]+[ _\-])?(?:user|username|name|pass|password|passwd|passphrase|secret|token|key|value)>(?:[\s"'\])}.,;]|$))re"};
  return text.starts_with("<") && RE2::PartialMatch(text.substr(0, 100), pattern);
}

bool is_excused(Unless unless, std::string_view secret) {
  if (secret == kRedacted || is_placeholder(secret)) return true;
  const auto first = secret.substr(0, secret.find_first_of(" \t"));
  switch (unless) {
    case Unless::never: return false;
    case Unless::plain_words: return is_plain_words(secret);
    case Unless::option: return secret.starts_with("-");
    case Unless::mechanism:
      return is_one_of(first,
                       {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "XOAUTH2", "NTLM", "GSSAPI",
                        "EXTERNAL", "failed", "required", "error", "is", "command", "called"});
    case Unless::prose_after_directive:
      return is_one_of(first,
                       {"is", "was", "in", "and", "or", "not", "has", "to", "directive", "option",
                        "setting", "for", "on", "with", "must", "should", "configuration"});
    case Unless::prose_after_password:
      return is_one_of(first, {"is", "was", "not", "and", "or", "authentication", "failed",
                               "expired", "required", "incorrect", "prompt", "login"});
  }
  return false;
}

constexpr int kMostRounds = 16;

RE2::Options bytes() {
  RE2::Options options{RE2::Latin1};  // any byte is a character: broken UTF-8 hides nothing
  options.set_log_errors(false);
  return options;
}

/// Everything the gate looks for as one automaton, which reads a text once. Nearly all texts hold
/// nothing, and asking each pattern in turn costs forty times as much.
class Prefilter {
 public:
  /// Numbers of what is looked for: URLs, named values, and from here on those of kPatterns.
  static constexpr int kUrls = 0, kNamed = 1, kFirstPattern = 2;

  Prefilter() : anything_(bytes(), RE2::UNANCHORED) {
    add("://");
    add(assignment_pattern());
    for (const SecretPattern& secret : kPatterns) add(secret.pattern);
    usable_ = usable_ && anything_.Compile();
  }

  /// Marks in `found` what may match; what is not marked certainly does not. False where nothing
  /// may.
  bool look(std::string_view text, std::vector<bool>& found) const {
    std::vector<int> numbers;
    RE2::Set::ErrorInfo error{};
    const bool any = usable_ && anything_.Match({text.data(), text.size()}, &numbers, &error);
    // Where the automaton had not room enough to tell, everything may.
    const bool cannot_tell = !usable_ || (!any && error.kind != RE2::Set::kNoError);
    if (!any && !cannot_tell) return false;
    found.assign(kFirstPattern + kPatterns.size(), cannot_tell);
    for (const int number : numbers) found[static_cast<std::size_t>(number)] = true;
    return true;
  }

 private:
  void add(const char* pattern) { usable_ = anything_.Add(pattern, nullptr) >= 0 && usable_; }

  bool usable_ = true;
  RE2::Set anything_;
};

/// The patterns, each compiled when it first may match: that costs more than most texts, and most
/// patterns are never needed.
class Gate {
 public:
  Gate() {
    for (const SecretPattern& secret : kPatterns) patterns_.push_back({&secret, nullptr});
  }

  /// The text without its secrets, or nothing where it holds none. Until nothing changes: what one
  /// replacement leaves may read differently, and a text that is redacted again later, from a file,
  /// must stay as it is.
  std::optional<std::string> without_secrets(std::string_view input) const {
    std::vector<bool> found;
    if (!may_hold_secret(input) || !prefilter_.look(input, found)) return std::nullopt;
    std::string out(input);
    for (int round = 0; round < kMostRounds; ++round) {
      std::string next = once(out, found);
      const bool settled = next == out;
      out = std::move(next);
      if (settled || !prefilter_.look(out, found)) {
        if (out == input) return std::nullopt;
        return out;
      }
    }
    // Still something new each time: made to be so, or no text. None of it is worth the risk.
    return std::string(kRedacted);
  }

 private:
  struct Compiled {
    const SecretPattern* secret;
    mutable std::unique_ptr<RE2> pattern;

    const RE2& compiled() const {
      if (!pattern) pattern = std::make_unique<RE2>(secret->pattern, bytes());
      return *pattern;
    }
  };

  /// `found` is of the text as it is given: once it has changed, anything may match.
  std::string once(std::string_view input, const std::vector<bool>& found) const {
    std::string out = found[Prefilter::kUrls] ? redact_urls(input) : std::string(input);
    bool changed = out != input;
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      if (changed || found[Prefilter::kFirstPattern + i])
        changed = replace(patterns_[i], out) || changed;
    }
    return changed || found[Prefilter::kNamed] ? redact_named_values(out) : out;
  }

  /// True where the text was changed.
  static bool replace(const Compiled& one, std::string& text) {
    std::string out;
    re2::StringPiece groups[3];
    std::size_t done = 0, from = 0;
    while (from < text.size() &&
           one.compiled().Match(text, from, text.size(), RE2::UNANCHORED, groups, 3)) {
      const auto begin = static_cast<std::size_t>(groups[2].data() - text.data());
      const std::size_t end = begin + groups[2].size();
      from = std::max(end, from + 1);
      if (groups[2].empty() || is_excused(one.secret->unless, {groups[2].data(), groups[2].size()}))
        continue;
      out.append(text, done, begin - done).append(kRedacted);
      done = end;
    }
    if (done == 0) return false;
    text = out.append(text, done);
    return true;
  }

  /// A short text without any of these bytes introduces nothing, and is too short to be a token
  /// itself.
  static bool may_hold_secret(std::string_view text) {
    return text.size() >= 16 ||
           (text.size() >= 6 && text.find_first_of(" =:@-._$\"'%") != std::string_view::npos);
  }

  Prefilter prefilter_;
  std::vector<Compiled> patterns_;
};

const Gate& gate() {
  static const Gate gate;
  return gate;
}

}  // namespace

std::optional<std::string> without_secrets(std::string_view text) {
  return gate().without_secrets(text);
}

std::string redact_text(std::string_view text) {
  auto redacted = without_secrets(text);
  return redacted ? *std::move(redacted) : std::string(text);
}

}  // namespace postflight
