// SPDX-License-Identifier: Apache-2.0
// What the parts of the probe share: files under the re-rooted /, and facts with their evidence.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "host/files.h"
#include "host/rooted.h"
#include "probes/probe.h"

namespace postflight::resources_look {

/// The value with its evidence, or why there is none.
template <class T>
Observed<T> observed(Result<T> result, Evidence evidence) {
  if (!result) return unknown_from(result.error());
  return Seen<T>{*std::move(result), std::move(evidence)};
}

/// Printable, without line breaks and tabs.
inline std::string one_line(std::string_view bytes) {
  std::string text = printable_utf8(bytes);
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

inline std::string first_line(std::string_view text) {
  return std::string(trim(text.substr(0, text.find('\n'))));
}

/// The text as a number, but for white space around it.
inline Result<std::uint64_t> whole_number(std::string_view text) {
  const auto value = parse_number<std::uint64_t>(trim(text));
  if (!value) return fail(Errc::kMalformed, "no number: " + excerpt(trim(text), 40));
  return *value;
}

/// Reads files of the machine at hand. Paths are as the machine calls them.
class Reader {
 public:
  explicit Reader(const ProbeContext& context) : context_(context) {}

  const ProbeContext& context() const { return context_; }

  /// Where `path` is found from here.
  std::string at(std::string_view path) const { return host::under_root(context_.root, path); }

  Result<std::string> read(std::string_view path) const { return host::read_file(at(path)); }

  Evidence from(std::string_view path, std::string_view raw) const {
    return context_.evidence(std::string(path), raw);
  }

  /// True where `path` exists. False only where `witness`, which every machine has, is there:
  /// without it there is nothing to be told, and that is kUnreachable.
  Result<bool> there(std::string_view path, std::string_view witness) const {
    PF_TRY_ASSIGN(const bool found, host::exists(at(path)));
    if (found) return true;
    PF_TRY_ASSIGN(const bool can_tell, host::exists(at(witness)));
    if (!can_tell) return fail(Errc::kUnreachable, fmt::format("{} is not there", witness));
    return false;
  }

  /// Reads a file, parses it, and shows its first line as evidence.
  template <class Parse>
  auto parsed(std::string_view path, Parse&& parse) const
      -> Observed<typename std::invoke_result_t<Parse, std::string_view>::value_type> {
    const auto text = read(path);
    if (!text) return unknown_from(text.error());
    auto value = parse(std::string_view(*text));
    if (!value) {
      return Unknown{unknown_from(value.error()).why,
                     fmt::format("{}: {}", path, value.error().what)};
    }
    return Seen{*std::move(value), from(path, first_line(*text))};
  }

 private:
  const ProbeContext& context_;
};

}  // namespace postflight::resources_look
