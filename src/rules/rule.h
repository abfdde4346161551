// SPDX-License-Identifier: Apache-2.0
// What a rule is: a pure function from the facts of one component to findings. No clock, no files,
// no network, no prose: sentences stand in the family's .msg file.
//
//   Verdicts no_memory_left(const RedisFacts& f, const JudgeContext& c) {
//     return judge_from([&](std::uint64_t used, std::uint64_t limit) -> Verdicts { … },
//                       f.used_memory_bytes, f.maxmemory_bytes);
//   }
//
// judge_from() hands over values only when all are seen. One that is unknown makes the rule say
// "unknown"; one that is absent makes it silent. Evidence of all of them is attached to each
// finding.
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/component.h"
#include "model/finding.h"
#include "model/settings.h"

namespace postflight {

/// What a rule may read besides the facts of the component at hand.
struct JudgeContext {
  const FactsDocument& document;
  const Component& component;
  const Thresholds& thresholds;
};

/// A finding in the making; the engine adds id and subject.
struct FindingDraft {
  Severity severity;
  Json args = Json::object();
  std::string part;  ///< Names a part of the component, e.g. a mount point.
  std::vector<Evidence> evidence;
  /// Names the one fault that this finding shares with others of its rule on other components, such
  /// as a folder that several containers use: they are folded into one. Empty: it stands by itself.
  std::string fault = {};

  explicit FindingDraft(Severity s) : severity(s) {}

  /// A value for the placeholder {name} of the messages.
  template <class T>
  FindingDraft& arg(const char* name, T&& value) {
    args[name] = std::forward<T>(value);
    return *this;
  }
  FindingDraft& about(std::string name) {
    part = std::move(name);
    return *this;
  }
  FindingDraft& because(Evidence item) {
    evidence.push_back(std::move(item));
    return *this;
  }
};

/// What one rule says: nothing (silent), findings, or that it could not decide.
struct Verdicts {
  std::vector<FindingDraft> findings;
  std::vector<Unknown> unknowns;

  Verdicts() = default;
  Verdicts(FindingDraft draft) { findings.push_back(std::move(draft)); }
  Verdicts(Unknown unknown) { unknowns.push_back(std::move(unknown)); }
};

/// The rule has looked and has nothing to say.
inline Verdicts silent() {
  return {};
}

/// Calls `rule` with the values of `facts` when all are seen; see the head of this file.
template <class Rule, class... T>
Verdicts judge_from(Rule&& rule, const Observed<T>&... facts) {
  for (const Unknown* unknown : {facts.unknown()...}) {
    if (unknown) return *unknown;
  }
  if ((facts.absent() || ...)) return silent();
  Verdicts verdicts = rule(facts.seen()->value...);
  for (FindingDraft& draft : verdicts.findings) {
    // An excerpt that the rule cut out of the same source itself is the more exact one.
    const std::vector<Evidence> own = draft.evidence;
    const auto attach = [&](const Evidence& evidence) {
      const bool has =
          std::ranges::any_of(own, [&](const Evidence& e) { return e.source == evidence.source; });
      if (!has) draft.because(evidence);
    };
    (attach(facts.seen()->evidence), ...);
  }
  return verdicts;
}

/// A value that only adorns a sentence: null where it was not seen, which a message shows as "?". A
/// rule must never fall silent, or call itself undecided, for want of an adornment.
template <class T>
Json shown(const Observed<T>& fact) {
  return fact.seen() ? Json(fact.seen()->value) : Json();
}

/// A functional test in the making.
struct TestDraft {
  TestStatus status = TestStatus::unknown;
  double duration_seconds = 0;
  std::vector<Evidence> evidence;
  Unknown reason;
  std::string part;
  Json args = Json::object();
};

template <class Facts>
struct Rule {
  std::string_view id;
  Verdicts (*judge)(const Facts&, const JudgeContext&);
};

template <class Facts>
struct FunctionalTest {
  std::string_view id;
  std::vector<TestDraft> (*carry_out)(const Facts&, const JudgeContext&);
};

/// Says that `cause` on a component explains `symptom` on the same service or component.
struct Explains {
  std::string_view cause;
  std::string_view symptom;
};

/// The public face of a family. One constant per family, named in rules.list.
struct RuleFamily {
  std::string_view id;
  std::string_view kind;  ///< Kind of component it judges; "run" is the run itself.
  std::vector<std::string_view> (*rules)();
  std::vector<std::string_view> (*tests)();
  std::span<const Explains> explains;
  void (*judge)(const JudgeContext&, Judgement&);
};

/// All families in the order of rules.list.
std::span<const RuleFamily* const> all_rule_families();

}  // namespace postflight
