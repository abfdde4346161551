// SPDX-License-Identifier: Apache-2.0
// Any bytes are either settings that survive a round trip, or problems that can be printed.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "config/config_file.h"
#include "model/codec.h"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// JSON is YAML; a reference that is not used must not stand in a file.
std::string written_as_json(const postflight::Settings& settings) {
  postflight::Json json = postflight::to_json(settings);
  for (postflight::Json& credential : json["credentials"]) {
    for (const char* key : {"password_env", "password_file"}) {
      if (credential[key] == "") credential.erase(key);
    }
  }
  return postflight::dump_json(json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const ConfigContext context{{"http", "redis"}, {}};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto loaded = load_settings(text, "fuzz.yaml", context);
  if (!loaded) {
    const std::string told = format_problems(loaded.error());
    require(!told.empty(), "a refusal has a reason");
    require(printable_utf8(told) == told, "a problem is printable");
    return 0;
  }
  for (const CredentialReference& credential : loaded->credentials) {
    require(credential.password_env.empty() != credential.password_file.empty(),
            "a credential has one reference");
  }
  require(loaded->timeout >= Duration{1'000} && loaded->timeout <= Duration{600'000},
          "the timeout is in range");
  const std::string written = written_as_json(*loaded);
  const auto again = load_settings(written, "again.yaml", context);
  if (!again)
    std::fprintf(stderr, "%s\n%s", written.c_str(), format_problems(again.error()).c_str());
  require(again && written_as_json(*again) == written, "settings survive a round trip");
  return 0;
}
