// SPDX-License-Identifier: Apache-2.0
// For tests only: a real shell, and values that try to break out of a word.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <cstdio>
#include <string>

namespace postflight {

/// What `script` prints when /bin/sh runs it; "exit code N" after it where it did not end well.
inline std::string run_shell(const std::string& script) {
  // The script goes through a quoted argument of the outer shell, written without quote_shell() on
  // purpose: the code under test must not take part in judging itself.
  std::string argument = "exec sh -c '";
  for (const char c : script) argument += c == '\'' ? std::string("'\\''") : std::string(1, c);
  argument += "' 2>&1";
  std::FILE* pipe = popen(argument.c_str(), "r");
  if (!pipe) return "no shell";
  std::string output;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  const int status = pclose(pipe);
  return status == 0 ? output : output + "exit code " + std::to_string(status);
}

/// Texts made of what means something to a shell, printable and not.
inline rc::Gen<std::string> hostile_text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::elementOf(std::vector<std::string>{"'",
                                                                      "\"",
                                                                      "\\",
                                                                      "$",
                                                                      "`",
                                                                      "$(",
                                                                      ")",
                                                                      "${",
                                                                      "}",
                                                                      "!",
                                                                      "#",
                                                                      " ",
                                                                      "\n",
                                                                      "\t",
                                                                      ";",
                                                                      "&",
                                                                      "|",
                                                                      "<",
                                                                      ">",
                                                                      "*",
                                                                      "?",
                                                                      "[",
                                                                      "~",
                                                                      "=",
                                                                      "-",
                                                                      "%",
                                                                      "a",
                                                                      "0",
                                                                      "echo INJECTED",
                                                                      "\x1b",
                                                                      "\r",
                                                                      "\x03",
                                                                      "я",
                                                                      "\xff",
                                                                      "\xe2\x80\xae"})),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

}  // namespace postflight
