// SPDX-License-Identifier: Apache-2.0
// A value that must not be shown: it has no stream or fmt output, compares to nothing, and wipes
// itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postflight {

/// Holds a credential. The only way to read it is reveal(), which is easy to find in a review.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { explicit_wipe(); }

  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void explicit_wipe() {
    // A volatile pointer keeps the compiler from dropping stores to memory about to be freed.
    volatile char* bytes = value_.data();
    for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = '\0';
  }

  std::string value_;
};

}  // namespace postflight
