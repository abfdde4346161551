// SPDX-License-Identifier: Apache-2.0
#include "engine/fold.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace postflight {
namespace {

/// The endpoint a subject is about: "redis:127.0.0.1:6379" and "sockets 127.0.0.1:6379" share one.
std::string_view endpoint_of(std::string_view subject) {
  const auto blank = subject.find(' ');
  if (subject.starts_with("sockets ")) return subject.substr(blank + 1);
  const auto whole = subject.substr(0, blank);
  const auto colon = whole.find(':');
  return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

/// The id of the component or service a subject is about.
std::string_view id_of(std::string_view subject) {
  return subject.starts_with("sockets ") ? endpoint_of(subject)
                                         : subject.substr(0, subject.find(' '));
}

/// All endpoints of the thing a subject is about.
std::vector<std::string_view> endpoints_of(std::string_view subject, const Sides& sides) {
  std::vector<std::string_view> endpoints{endpoint_of(subject)};
  for (const std::string& other : sides.of(id_of(subject))) endpoints.push_back(other);
  return endpoints;
}

/// The part of a component a subject names: "/var" of "resources /var"; empty where it names none.
std::string_view part_of(std::string_view subject) {
  const auto blank = subject.find(' ');
  return blank == std::string_view::npos ? std::string_view{} : subject.substr(blank + 1);
}

/// A full disk does not explain what is wrong with another one of the same machine.
bool concern_different_parts(std::string_view a, std::string_view b) {
  const bool same_component = a.substr(0, a.find(' ')) == b.substr(0, b.find(' '));
  return same_component && !part_of(a).empty() && !part_of(b).empty() && part_of(a) != part_of(b);
}

/// True where `cause`, which is about the same endpoint, explains `symptom`.
bool is_explained_by(const Finding& symptom, const Finding& cause,
                     const std::vector<Explains>& explains) {
  const bool declared = std::ranges::any_of(explains, [&](const Explains& pair) {
    return pair.cause == cause.id && pair.symptom == symptom.id;
  });
  return declared && &symptom != &cause && !concern_different_parts(symptom.subject, cause.subject);
}

/// One fault on several components is told once: by the first of them that nothing else explains.
void join_shared_faults(const std::vector<Finding>& findings,
                        std::vector<std::optional<std::size_t>>& causes) {
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> first;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (causes[i] || findings[i].fault.empty()) continue;
    const auto [found, is_first] = first.try_emplace({findings[i].id, findings[i].fault}, i);
    if (!is_first) causes[i] = found->second;
  }
}

/// Index of the finding under which each one belongs, or nothing where it stands by itself.
std::vector<std::optional<std::size_t>> find_causes(const std::vector<Finding>& findings,
                                                    const std::vector<Explains>& explains,
                                                    const Sides& sides) {
  // Only those about one thing can explain each other, and there may be thousands of the others.
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_endpoint;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    for (const auto endpoint : endpoints_of(findings[i].subject, sides)) {
      by_endpoint[endpoint].push_back(i);
    }
  }
  std::vector<std::optional<std::size_t>> causes(findings.size());
  for (std::size_t symptom = 0; symptom < findings.size(); ++symptom) {
    for (const auto endpoint : endpoints_of(findings[symptom].subject, sides)) {
      for (const std::size_t cause : by_endpoint.at(endpoint)) {
        if (causes[symptom]) break;
        if (is_explained_by(findings[symptom], findings[cause], explains)) causes[symptom] = cause;
      }
    }
  }
  join_shared_faults(findings, causes);
  return causes;
}

/// The end of the chain of causes. Bounded, so that two rules that explain each other cannot hang
/// us.
std::size_t root_of(std::size_t index, const std::vector<std::optional<std::size_t>>& causes) {
  for (std::size_t steps = 0; causes[index] && steps < causes.size(); ++steps)
    index = *causes[index];
  return index;
}

}  // namespace

std::vector<Finding> fold(std::vector<Finding> findings, std::vector<Explains> explains,
                          const Sides& sides) {
  const auto causes = find_causes(findings, explains, sides);
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const std::size_t root = root_of(i, causes);
    if (root == i || causes[root]) {
      roots.push_back(i);
      continue;
    }
    findings[root].severity = std::max(findings[root].severity, findings[i].severity);
    findings[root].symptoms.push_back(std::move(findings[i]));
  }
  std::vector<Finding> folded;
  for (const std::size_t root : roots) folded.push_back(std::move(findings[root]));
  std::ranges::stable_sort(folded, std::ranges::greater{}, &Finding::severity);
  return folded;
}

std::vector<Explains> declared_explanations() {
  std::vector<Explains> pairs;
  for (const RuleFamily* family : all_rule_families()) {
    pairs.insert(pairs.end(), family->explains.begin(), family->explains.end());
  }
  return pairs;
}

}  // namespace postflight
