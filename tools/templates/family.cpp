// SPDX-License-Identifier: Apache-2.0
// Judges what the probe `@FAMILY@` saw. Pure. Source: the manual of @FAMILY@.
#include "probes/@FAMILY@.h"

#include <array>

#include "rules/family.h"

namespace postflight::rules {
namespace {

struct @FAMILYTYPE@Rules {
  static constexpr std::array rules{
  };
  static constexpr std::array<FunctionalTest<@FAMILYTYPE@Facts>, 0> tests{};
  static constexpr std::array<Explains, 0> explains{};
};

}  // namespace

extern const RuleFamily @FAMILY@;
const RuleFamily @FAMILY@ = define_family<@FAMILYTYPE@Facts, @FAMILYTYPE@Rules>("@FAMILY@", "@FAMILY@");

}  // namespace postflight::rules
