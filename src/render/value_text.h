// SPDX-License-Identifier: Apache-2.0
// A fact as a person reads it: unit from the key's suffix, label from the catalog. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/report.h"

namespace postflight {

/// A value under a key: "1.5 GiB" for …_bytes, "95 %" for …_ratio, "12 min" for …_seconds, yes or
/// no.
std::string value_text(std::string_view key, const Json& value, Lang lang);

/// Label of a fact, "Used memory"; its key where the catalog has none.
std::string fact_label(const std::string& probe, const std::string& key, Lang lang);

/// Why a fact is unknown, in one phrase: "no permission: open /dev/kmsg: Permission denied".
std::string unknown_text(const Json& unknown, Lang lang);

/// The elements of a list of objects as rows of cells, with a head of labels. Columns in which
/// nothing differs from empty, false or zero are left out.
struct ValueTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};
ValueTable value_table(const std::string& probe, const std::string& key, const Json& list,
                       Lang lang);

}  // namespace postflight
