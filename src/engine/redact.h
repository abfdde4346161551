// SPDX-License-Identifier: Apache-2.0
// The one gate through which everything observed goes before it is stored or shown: passwords,
// tokens and keys are replaced, addresses and names stay, for without them nothing can be diagnosed
// (docs/adr/0005).
#pragma once

#include <string>
#include <string_view>

#include "model/component.h"

namespace postflight {

/// What stands in place of a secret.
inline constexpr std::string_view kRedacted = "[redacted]";

/// The text with every recognised secret replaced. Pure; doing it twice changes nothing more. Time
/// is linear in the length of the text (RE2). Where a text was cut ("…"), a secret cut in two goes
/// as well. A text in which something new reads as a secret each time goes as a whole.
std::string redact_text(std::string_view text);

/// Redacts every string and every key of a JSON value, at any depth; all strings under a key that
/// names a secret (password, token, …), and the numbers that are its value, are replaced whole, but
/// for evidence and reasons in the form of ours, which are redacted as text.
void redact_json(Json& value);

/// The document with every string redacted.
FactsDocument redact(FactsDocument document);

/// The two halves of redact(FactsDocument), for who gets one component after another and wants
/// little left to do at the end.
void redact(Component& component);
void redact_all_but_components(FactsDocument& document);

}  // namespace postflight
