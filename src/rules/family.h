// SPDX-License-Identifier: Apache-2.0
// Turns a table of typed rules and tests into a RuleFamily. Included by each family's .cpp.
#pragma once

#include <array>

#include "model/codec.h"
#include "rules/rule.h"

namespace postflight {

namespace family_detail {

inline std::string subject_of(const JudgeContext& context, const std::string& part) {
  return part.empty() ? context.component.id : context.component.id + " " + part;
}

inline void take(std::string_view rule, const JudgeContext& context, Verdicts verdicts,
                 Judgement& out) {
  for (FindingDraft& draft : verdicts.findings) {
    Finding finding{.id = std::string(rule),
                    .severity = draft.severity,
                    .subject = subject_of(context, draft.part),
                    .args = std::move(draft.args),
                    .evidence = std::move(draft.evidence),
                    .symptoms = {},
                    .fault = std::move(draft.fault)};
    finding.args["name"] = context.component.name;
    if (!draft.part.empty()) finding.args["part"] = draft.part;
    out.findings.push_back(std::move(finding));
  }
  for (Unknown& unknown : verdicts.unknowns) {
    out.unjudged.push_back({std::string(rule), context.component.id, std::move(unknown)});
  }
}

inline void take(std::string_view test, const JudgeContext& context, std::vector<TestDraft> drafts,
                 Judgement& out) {
  for (TestDraft& draft : drafts) {
    TestResult result{.id = std::string(test),
                      .subject = subject_of(context, draft.part),
                      .args = std::move(draft.args),
                      .status = draft.status,
                      .duration_seconds = draft.duration_seconds,
                      .evidence = std::move(draft.evidence),
                      .reason = std::move(draft.reason)};
    result.args["name"] = context.component.name;
    if (!draft.part.empty()) result.args["part"] = draft.part;
    out.tests.push_back(std::move(result));
  }
}

}  // namespace family_detail

/// Builds a family from `Table`, a type with static members `rules`, `tests` and `explains`.
template <class Facts, class Table>
constexpr RuleFamily define_family(std::string_view id, std::string_view kind) {
  return RuleFamily{
      .id = id,
      .kind = kind,
      .rules =
          +[] {
            std::vector<std::string_view> ids;
            for (const Rule<Facts>& rule : Table::rules) ids.push_back(rule.id);
            return ids;
          },
      .tests =
          +[] {
            std::vector<std::string_view> ids;
            for (const FunctionalTest<Facts>& test : Table::tests) ids.push_back(test.id);
            return ids;
          },
      .explains = Table::explains,
      .judge =
          +[](const JudgeContext& context, Judgement& out) {
            const auto facts = decode<Facts>(context.component.facts, context.component.id);
            if (!facts) {  // a facts file edited by hand, or of another version
              for (const Rule<Facts>& rule : Table::rules) {
                out.unjudged.push_back({std::string(rule.id), context.component.id,
                                        Unknown{Why::malformed, facts.error().what}});
              }
              return;
            }
            for (const Rule<Facts>& rule : Table::rules) {
              family_detail::take(rule.id, context, rule.judge(*facts, context), out);
            }
            for (const FunctionalTest<Facts>& test : Table::tests) {
              family_detail::take(test.id, context, test.carry_out(*facts, context), out);
            }
          }};
}

}  // namespace postflight
