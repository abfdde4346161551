// SPDX-License-Identifier: Apache-2.0
// Makes facts that cannot be read what they are: unknown. Pure.
#pragma once

#include "model/component.h"
#include "probes/probe.h"

namespace postflight {

/// The fact as it is where it reads back as `declaration` says, and otherwise unknown: malformed.
Json readable_fact(const FactDeclaration& declaration, Json fact);

/// True where readable() would change nothing.
bool is_readable(const FactsDocument& document);

/// The document with each fact that its probe declares, and each as readable_fact(): a damaged
/// value, or one that a document of another version lacks, must count as unknown and never pass for
/// seen. Leaves components of probes this build does not have.
FactsDocument readable(FactsDocument document);

}  // namespace postflight
