// SPDX-License-Identifier: Apache-2.0
// Ways into a PostgreSQL server, in the order they are tried: as the owner of its data directory,
// by --pg-url, by postflight.yaml, by PG* variables and .pgpass. A password goes only to the server
// it is meant for. Source: the manual's libpq chapter, "Connection URIs", "Environment Variables",
// "The Password File".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/postgres_client.h"
#include "probes/probe.h"

namespace postflight {

/// What a connection URI says.
struct PostgresUrl {
  std::string host;  ///< Name, numeric address or folder of a socket; empty where none is named.
  std::uint16_t port = 5432;
  std::string user;  ///< Empty where none is named.
  Secret password;
  std::string database;  ///< Empty where none is named.
  std::string tls_mode;  ///< sslmode; empty where it is not named.
  std::string tls_root;  ///< sslrootcert; empty where it is not named.

  /// "HOST:PORT", without anything secret.
  std::string endpoint() const;
};

/// Reads postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…, also with a driver's name
/// ("postgresql+asyncpg://") as applications write it. Errors: kMalformed; the sentence holds no
/// part of the URL. Pure.
Result<PostgresUrl> parse_postgres_url(std::string_view text);

/// One line of a password file.
struct PgPassEntry {
  std::string host, port, database, user;
  Secret password;
};

/// Lines HOST:PORT:DATABASE:USER:PASSWORD with \: and \\ taken for : and \; comments and lines of
/// another form are passed over. Pure.
std::vector<PgPassEntry> parse_pgpass(std::string_view text);

/// The user's name in the text of a passwd(5) file; empty where it has none of that number. Pure.
std::string user_name(std::string_view passwd, std::uint32_t uid);

/// The cluster that the target stands for; null where --pg-url names a server elsewhere.
const PostgresCluster* cluster_of(const ProbeContext& context);

/// The cluster of this machine that a URL names, by the addresses it listens on; null where it
/// names none.
const PostgresCluster* cluster_named_by(const PostgresUrl& url, const Topology& topology);

/// What to try, in this order. May read files of the machine and ask the resolver for the host that
/// --pg-url names. Errors: those of the resolver; kUnsupported where there is no way at all.
Result<std::vector<host::PostgresAddress>> ways_in(const ProbeContext& context,
                                                   const PostgresCluster* cluster);

/// Connects by the first way that is let in. The next one is tried only where the server, or the
/// kernel, refused permission. `sqlstate` gets the server's refusal where there was one.
Result<host::PostgresClient> enter_postgres(const ProbeContext& context,
                                            const PostgresCluster* cluster, std::string& sqlstate);

}  // namespace postflight
