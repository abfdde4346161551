// SPDX-License-Identifier: Apache-2.0
// What to say about a key that does not exist, and how to keep its value, which may be a password
// with a misspelt key, out of what is said.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "config/config_problem.h"
#include "config/yaml_tree.h"

namespace postflight {

/// Known keys with the key of the struct they stand in, "" for the top.
using KeyParents = std::multimap<std::string, std::string>;

/// Reports `key`, which is none of `known`, and hides its value: with the nearest known key, with
/// the place where it belongs, or with the rule on secrets where its name says that it holds one.
void report_unknown_key(const YamlKey& key, const YamlNode& value,
                        std::span<const std::string> known, const KeyParents& parents,
                        const YamlTree& tree, ProblemList& problems);

/// True for names such as password, token, api_key, also slightly misspelt.
bool names_secret(std::string_view key);

/// Hides the line of the key as said, and the further lines of its value; `rest` tells how much of
/// those.
void hide_entry(const YamlKey& key, const YamlNode& value, const YamlTree& tree,
                ProblemList::Hide rest, ProblemList& problems);

}  // namespace postflight
