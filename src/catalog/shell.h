// SPDX-License-Identifier: Apache-2.0
// Makes printed commands safe to paste: whatever a service calls itself, it stays one word of one
// command. Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting. Pure; runs nothing.
#pragma once

#include <string>
#include <string_view>

namespace postflight {

/// The value as one word for sh, bash and zsh. Simple words stay as they are, others get single
/// quotes. Bytes that a terminal would act upon when pasted (control characters, broken UTF-8) are
/// written as
/// "$(printf %b '…')", only newlines at the very end stand literally in quotes. NUL, which no
/// argument can hold, becomes U+FFFD.
std::string quote_shell(std::string_view value);

/// Follows the literal text of a command and tells where a placeholder would land. Knows quotes,
/// backslashes and comments; it takes all inside double quotes for quoted, "$(…)" as well.
class ShellScanner {
 public:
  /// Goes on over literal text.
  void feed(std::string_view literal);

  /// Goes on over a placeholder.
  void feed_value() { word_started_ = true, previous_ = '\0'; }

  bool in_quotes() const { return quote_ != '\0'; }
  bool in_comment() const { return comment_; }

  /// The last character would change the meaning of a quote put after it: a backslash or a dollar
  /// sign.
  bool after_active_character() const { return escaped_ || previous_ == '$'; }

 private:
  void feed_unquoted(char c);

  char quote_ = '\0';
  char previous_ = '\0';
  bool escaped_ = false;
  bool comment_ = false;
  bool word_started_ = false;
};

}  // namespace postflight
