// SPDX-License-Identifier: Apache-2.0
// The one way to say that something may fail in everyday life.
//
// `Result<T>` is std::expected with our Error. Exceptions are for bugs and exhausted memory and are
// caught in main() and at the task boundary only (docs/adr/0001).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace postflight {

/// Why an operation failed; the reason a report states when a fact could not be seen.
enum class Errc {
  kDenied,       ///< The kernel or the peer refused permission.
  kUnreachable,  ///< Nothing answered there: refused, reset, no route, no such file.
  kTimeout,      ///< The deadline passed first.
  kMalformed,    ///< Something answered, but not in the form its protocol demands.
  kUnsupported,  ///< This kernel, build or peer cannot do it.
  kNotFound,     ///< We looked, and it is not there. This is knowledge, not ignorance.
};

/// A failure with a sentence for the reader: what was tried and what came back.
struct Error {
  Errc code;
  std::string what;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// Shorthand for returning a failure from a function that returns Result<T>.
inline std::unexpected<Error> fail(Errc code, std::string what) {
  return std::unexpected(Error{code, std::move(what)});
}

/// The Errc that fits a value of errno, so that every caller names the same cause alike.
Errc errc_from_errno(int error_number);

/// An Error for a failed system call: "open /proc/1/fd: Permission denied".
std::unexpected<Error> fail_errno(const std::string& what, int error_number);

}  // namespace postflight

#define PF_CONCAT_INNER(a, b) a##b
#define PF_CONCAT(a, b) PF_CONCAT_INNER(a, b)
#define PF_TRY_ASSIGN_INNER(result, declaration, expression)      \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

/// `PF_TRY_ASSIGN(auto text, read_file(path));` takes the value, or returns the error to the
/// caller.
#define PF_TRY_ASSIGN(declaration, expression) \
  PF_TRY_ASSIGN_INNER(PF_CONCAT(pf_result_, __LINE__), declaration, expression)

/// `PF_TRY(send_all(fd, bytes));` goes on if the call worked, or returns its error to the caller.
#define PF_TRY(expression)                                  \
  do {                                                      \
    if (auto pf_result = (expression); !pf_result) {        \
      return std::unexpected(std::move(pf_result).error()); \
    }                                                       \
  } while (false)
