// SPDX-License-Identifier: Apache-2.0
// The credentials this process was given, and their removal from texts that others will read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postflight::lab {

/// "%40" becomes "@"; what is no escape stays as it is.
std::string percent_decoded(std::string_view text);

/// Knows what must not be shown.
class Secrets {
 public:
  /// Takes the password out of a URL of any scheme: as written, decoded, and in the pieces a parser
  /// makes of it where it holds an unescaped '@', '/' or ':' and so ends up in a host name or port.
  /// What the URL also uses as user or database name is no secret: it stands in every error text.
  void add_url(std::string_view url);

  /// The text with three asterisks in the place of every secret.
  std::string hide(std::string text) const;

 private:
  std::vector<std::string> values_;
};

}  // namespace postflight::lab
