// SPDX-License-Identifier: Apache-2.0
#include "engine/judge.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "engine/readable.h"
#include "model/codec.h"
#include "model/self_facts.h"
#include "rules/rule.h"

namespace postflight {

Component self_component(const FactsDocument& document) {
  SelfFacts facts;
  const Evidence here{"postflight", std::to_string(document.tasks.size()) + " tasks",
                      document.started_at};
  facts.tasks = Seen{document.tasks, here};
  return {"self", "self", "Postflight", "", to_json(facts)};
}

Judgement judge(const FactsDocument& given, const Settings& settings) {
  std::optional<FactsDocument> mended;  // only a file edited by hand or of another version needs it
  if (!is_readable(given)) mended = readable(given);
  const FactsDocument& document = mended ? *mended : given;
  Judgement judgement;
  const Component self = self_component(document);
  const auto judge_component = [&](const Component& component) {
    for (const RuleFamily* family : all_rule_families()) {
      if (family->kind == component.kind) {
        family->judge({document, component, settings.thresholds}, judgement);
      }
    }
  };
  for (const Component& component : document.components) judge_component(component);
  judge_component(self);
  std::erase_if(judgement.findings, [&](const Finding& finding) {
    return std::ranges::any_of(settings.skip, [&](const std::string& pattern) {
      return pattern.find('/') != std::string::npos && glob_match(pattern, finding.id);
    });
  });
  return judgement;
}

}  // namespace postflight
