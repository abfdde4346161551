// SPDX-License-Identifier: Apache-2.0
// What a rule found, still without prose: the catalog turns ids and arguments into sentences.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/observed.h"
#include "model/severity.h"

namespace postflight {

/// One fault. `id` is family/slug-in-words and permanent; the severity is no part of it.
struct Finding {
  std::string id;
  Severity severity = Severity::info;
  std::string subject;
  Json args = Json::object();  ///< Values for the placeholders of the messages.
  std::vector<Evidence> evidence;
  std::vector<Finding> symptoms;  ///< Findings that this one explains.
  std::string fault = {};         ///< Shared by findings of one rule that are one fault.
};

/// A rule that could not decide, because a fact it reads is unknown.
struct Unjudged {
  std::string rule;
  std::string subject;
  Unknown reason;
  bool operator==(const Unjudged&) const = default;
};

/// Status of a functional test; `unknown` where it could not be carried out.
enum class TestStatus { pass, fail, unknown };
PF_DESCRIBE_ENUM(TestStatus, pass, fail, unknown)

/// A test along a real path, told from the facts that carry it.
struct TestResult {
  std::string id;
  std::string subject;
  Json args = Json::object();
  TestStatus status = TestStatus::unknown;
  double duration_seconds = 0;
  std::vector<Evidence> evidence;
  Unknown reason;  ///< Why it is unknown; meaningless otherwise.
};

/// Everything judge() says about one facts document.
struct Judgement {
  std::vector<Finding> findings;
  std::vector<Unjudged> unjudged;
  std::vector<TestResult> tests;
};

}  // namespace postflight
