// SPDX-License-Identifier: Apache-2.0
#include "probes/probe.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "host/files.h"

namespace postflight {
namespace {

Result<Secret> read_password(const CredentialReference& reference) {
  if (!reference.password_env.empty()) {
    const char* value = std::getenv(reference.password_env.c_str());
    if (!value) {
      return fail(Errc::kUnreachable, "the environment variable " + reference.password_env +
                                          " named in the configuration is not set");
    }
    return Secret{value};
  }
  PF_TRY_ASSIGN(const std::string text, host::read_file(reference.password_file, 4096));
  return Secret{std::string(trim(text.substr(0, text.find('\n'))))};
}

}  // namespace

Evidence ProbeContext::evidence(std::string source, std::string_view raw) const {
  return {std::move(source), excerpt(raw), format_rfc3339(wall_now())};
}

Result<Credential> ProbeContext::credential() const {
  for (const CredentialReference& reference : settings.credentials) {
    if (!glob_match(reference.component, target.component_id)) continue;
    PF_TRY_ASSIGN(Secret password, read_password(reference));
    return Credential{reference.username, std::move(password)};
  }
  return fail(Errc::kNotFound, "no credential is configured for " + target.component_id);
}

const ProbeSpec* find_probe(std::string_view id) {
  const auto probes = all_probes();
  const auto it = std::ranges::find(probes, id, &ProbeSpec::id);
  return it == probes.end() ? nullptr : *it;
}

Unknown unknown_from(const Error& error) {
  switch (error.code) {
    case Errc::kDenied: return {Why::denied, error.what};
    case Errc::kTimeout: return {Why::timeout, error.what};
    case Errc::kMalformed: return {Why::malformed, error.what};
    case Errc::kUnsupported: return {Why::unsupported, error.what};
    case Errc::kUnreachable:
    case Errc::kNotFound: return {Why::unreachable, error.what};
  }
  return {Why::crashed, error.what};
}

}  // namespace postflight
