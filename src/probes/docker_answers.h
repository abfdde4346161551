// SPDX-License-Identifier: Apache-2.0
// From the engine's answers about itself to its facts. Pure; tested on recordings. Source: Docker
// Engine API, ContainerList, SystemInfo, SystemVersion, NetworkList.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_select.h"
#include "probes/container.h"
#include "probes/docker.h"

namespace postflight {

/// One entry of GET /containers/json.
struct ListedContainer {
  std::string id;
  std::string name;    ///< Without the slash; the id's first 12 digits where it has none.
  std::string state;   ///< "running"
  std::string status;  ///< "Up 6 days (unhealthy)"
};

/// What is wanted of each answer.
const JsonSelection& list_members();
const JsonSelection& version_members();
const JsonSelection& info_members();
const JsonSelection& network_members();

/// All containers, by name. kMalformed where the answer is no list, or where an entry has no id
/// that can be asked for.
Result<std::vector<ListedContainer>> parse_container_list(const Json& answer);

/// How many are in each state, in the order of the alphabet.
std::vector<ContainerCount> count_by_state(const std::vector<ListedContainer>& containers);

/// "exited 1, running 5"
std::string shown_counts(const std::vector<ContainerCount>& counts);

/// The facts that each answer holds, or why they are unknown.
void read_version(const Result<Json>& answer, const std::string& source, DockerFacts& facts);
void read_info(const Result<Json>& answer, const std::string& source, DockerFacts& facts);
void read_networks(const Result<Json>& answer, const std::string& source, DockerFacts& facts);

/// True where the last lines of its log may tell why: it restarts, ended with an error, or was
/// restarted and has not run for long since.
bool is_in_trouble(const ContainerFacts& facts);

/// The end of a text, at most `limit` bytes of it, from the beginning of a line where there is one;
/// printable, without empty lines at its end.
std::string last_lines(std::string_view text, std::size_t limit);

}  // namespace postflight
