// SPDX-License-Identifier: Apache-2.0
// What the database connects to: subscriptions, foreign servers, functions that use dblink. No
// connection is made; of a subscription's connection string nothing but the host is asked for,
// because the rest holds a password.
#include <algorithm>

#include "host/addresses.h"
#include "host/resolver.h"
#include "probes/database_parse.h"
#include "probes/database_session.h"

namespace postflight::database {
namespace {

constexpr Duration kForOneName{400};
constexpr Duration kForAllNames{800};

constexpr std::string_view kSubscriptions = R"(
SELECT s.subname AS name, s.subenabled AS enabled,
       EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
         AS running
FROM pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1)";

constexpr std::string_view kServers = R"(
SELECT 'foreign server' AS kind, quote_ident(s.srvname) AS object, o.option_value AS host
FROM pg_foreign_server s, pg_options_to_table(s.srvoptions) o
WHERE o.option_name IN ('host', 'hostaddr', 'servername', 'server', 'address')
UNION ALL
SELECT 'function', p.oid::regprocedure::text,
       substring(p.prosrc FROM 'host(?:addr)?\s*=\s*''{0,2}([A-Za-z0-9_.:-]+)')
FROM pg_proc p
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'dblink')
  AND p.probin IS NULL AND p.prosrc ~ 'host(?:addr)?\s*='  AND p.prosrc ~* 'dblink'
ORDER BY 1, 2)";

constexpr std::string_view kPublishers = R"(
SELECT 'subscription' AS kind, quote_ident(s.subname) AS object,
       substring(s.subconninfo FROM 'host(?:addr)?\s*=\s*''?([A-Za-z0-9_.:-]+)') AS host
FROM pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 2)";

RemoteHost host_in(Row& row) {
  return {row.text("host"), row.text("kind"), row.text("object"), Resolves::untold};
}

/// Asks as the server does, where it runs on this machine itself.
void resolve_all(Session& session, std::vector<RemoteHost>& hosts) {
  const bool here =
      session.client().address().root_pid == 0 && session.context().target.service.netns_pid == 0;
  const Deadline enough = session.context().deadline.within(kForAllNames);
  for (RemoteHost& remote : hosts) {
    if (!is_host_name(remote.host)) {
      remote.resolves = Resolves::yes;
      continue;
    }
    if (!here || enough.passed()) continue;
    const auto found = host::resolve(remote.host, enough.within(kForOneName));
    if (found) remote.resolves = Resolves::yes;
    if (!found && found.error().code == Errc::kNotFound) remote.resolves = Resolves::no;
  }
}

}  // namespace

void look_at_links(Session& session, DatabaseFacts& facts) {
  facts.subscriptions = session.list<Subscription>(
      "pg_subscription, pg_stat_subscription", kSubscriptions, {}, [](Row& row) {
        return Subscription{row.text("name"), row.flag("enabled"), row.flag("running")};
      });
  Observed<std::vector<RemoteHost>> hosts =
      session.list<RemoteHost>("pg_foreign_server, pg_proc", kServers, {}, host_in);
  if (hosts.unknown()) {
    facts.remote_hosts = hosts;
    return;
  }
  std::vector<RemoteHost> all = hosts.seen()->value;
  const auto* subscriptions = facts.subscriptions.seen();
  if (!subscriptions || !subscriptions->value.empty()) {  // its connection string is a superuser's
    const auto publishers =
        session.list<RemoteHost>("pg_subscription.subconninfo", kPublishers, {}, host_in);
    if (const auto* why = publishers.unknown()) {
      facts.remote_hosts = *why;
      return;
    }
    all.insert(all.end(), publishers.seen()->value.begin(), publishers.seen()->value.end());
  }
  std::erase_if(all, [](const RemoteHost& remote) { return remote.host.empty(); });
  resolve_all(session, all);
  facts.remote_hosts = Seen{std::move(all), hosts.seen()->evidence};
}

}  // namespace postflight::database
