// SPDX-License-Identifier: Apache-2.0
// The words of commands that reach one database of a PostgreSQL cluster, wherever that runs. Pure.
#pragma once

#include "probes/database.h"
#include "rules/commands.h"

namespace postflight::rules {

/// The cluster that "postgres:CLUSTER" or "database:CLUSTER/NAME" is about; null where the facts do
/// not name it.
const PostgresCluster* cluster_of(const JudgeContext& context);

/// NAME of "database:CLUSTER/NAME".
std::string database_of(const JudgeContext& context);

/// psql in this database, as a role that may do everything, from where it is let in: as the user
/// postgres on the machine, in the container where the server runs in one. `role` is the role as
/// which the check looked.
Words psql_words(const JudgeContext& context, const std::string& role);

/// The same with statements to execute, each by itself.
Words psql_words(const JudgeContext& context, const std::string& role,
                 const std::vector<std::string>& statements);

/// The text as a literal of SQL.
std::string sql_literal(std::string_view text);

}  // namespace postflight::rules
