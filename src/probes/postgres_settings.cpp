// SPDX-License-Identifier: Apache-2.0
// Who the server is, how it is configured, and whether its files say the same as it does. Source:
// the manual, pg_settings, pg_file_settings, "System Information Functions".
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "probes/postgres_look.h"

namespace postflight {
namespace {

/// In the order of the report.
constexpr std::string_view kShown =
    "fsync,full_page_writes,synchronous_commit,autovacuum,track_counts,wal_level,archive_mode,"
    "archive_command,archive_library,shared_buffers,max_connections,ssl,data_checksums,"
    "password_encryption,TimeZone,log_destination,logging_collector,log_directory,"
    "shared_preload_libraries,max_wal_size,work_mem,huge_pages,lc_messages";
constexpr std::string_view kNeeded =
    "listen_addresses,port,unix_socket_directories,data_directory,config_file,hba_file,"
    "superuser_reserved_connections,reserved_connections,primary_conninfo";

/// primary_conninfo may hold a password: of it only whether there is one is asked. What this
/// session set itself is not the server's.
constexpr const char* kSettings = R"(
SELECT s.name, CASE WHEN s.name = 'primary_conninfo' THEN (s.setting <> '')::text
            ELSE current_setting(s.name) END AS value,
       s.source, s.sourcefile, s.sourceline, s.pending_restart
FROM pg_settings s
WHERE s.name = ANY(string_to_array($1, ',')) OR s.pending_restart
   OR (s.source IN ('command line', 'environment variable') AND s.name !~ 'conninfo|passphrase')
ORDER BY array_position(string_to_array($1, ','), s.name) NULLS LAST, s.name)";

constexpr const char* kIdentity = R"(
SELECT current_setting('server_version') AS version,
       extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) AS uptime,
       extract(epoch FROM pg_conf_load_time()) AS loaded_at,
       pg_is_in_recovery() AS in_recovery,
       pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all)";

constexpr const char* kFiles = R"(
SELECT seqno, sourcefile, sourceline, name, setting, error FROM pg_file_settings ORDER BY seqno)";

constexpr const char* kHidden =
    "the role may not see it; run as root, or grant pg_read_all_settings (or pg_monitor) to the "
    "role";

/// pg_settings by name.
using Settings = std::map<std::string, PostgresSetting, std::less<>>;

struct SettingsRead {
  Settings by_name;
  std::vector<PostgresPendingSetting> pending;
  Evidence from;
};

SettingsRead read_settings(const host::PostgresRows& rows, const PostgresAsk& ask) {
  SettingsRead read;
  read.from = ask.from("pg_settings", rows);
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const PostgresRow row{rows, i};
    PostgresSetting one{row.text("name"), excerpt(row.text("value"), 300), row.text("source"),
                        row.text("sourcefile"), row.number_or<std::uint32_t>("sourceline", 0)};
    if (row.flag("pending_restart")) {
      read.pending.push_back({one.name, one.value, "", one.file, one.line});
    }
    read.by_name.emplace(one.name, std::move(one));
  }
  return read;
}

std::string shown_as(const PostgresSetting& one) {
  return fmt::format("{} = {} ({})", one.name, one.value, one.source);
}

Observed<std::string> setting_text(const SettingsRead& read, const PostgresAsk& ask,
                                   std::string_view name) {
  const auto it = read.by_name.find(name);
  if (it == read.by_name.end()) return Unknown{Why::denied, fmt::format("{}: {}", name, kHidden)};
  return Seen{it->second.value, ask.from("pg_settings", shown_as(it->second))};
}

template <class T>
Observed<T> setting_number(const SettingsRead& read, const PostgresAsk& ask,
                           std::string_view name) {
  const Observed<std::string> text = setting_text(read, ask, name);
  if (const auto* unknown = text.unknown()) return *unknown;
  const auto value = parse_number<T>(text.seen()->value);
  if (!value) return Unknown{Why::malformed, text.seen()->value};
  return Seen{*value, text.seen()->evidence};
}

/// What a superuser alone may use, and what version 16 added for others.
Observed<std::uint32_t> reserved(const SettingsRead& read, const PostgresAsk& ask) {
  auto first = setting_number<std::uint32_t>(read, ask, "superuser_reserved_connections");
  if (!first.seen() || !read.by_name.contains("reserved_connections")) return first;
  const auto second = setting_number<std::uint32_t>(read, ask, "reserved_connections");
  if (!second.seen()) return second;
  return Seen{first.seen()->value + second.seen()->value,
              ask.from("pg_settings", fmt::format("superuser_reserved_connections = {}, "
                                                  "reserved_connections = {}",
                                                  first.seen()->value, second.seen()->value))};
}

std::vector<std::string> comma_list(const std::string& text) {
  std::vector<std::string> out;
  for (const auto part : split(text, ',')) {
    if (const auto word = trim(part); !word.empty()) out.emplace_back(word);
  }
  return out;
}

void set_from_settings(PostgresView& view, const SettingsRead& read) {
  PostgresFacts& f = view.facts;
  const PostgresAsk& ask = view.ask;
  f.listen_addresses = setting_text(read, ask, "listen_addresses");
  f.port = setting_number<std::uint16_t>(read, ask, "port");
  f.data_directory = setting_text(read, ask, "data_directory");
  f.config_file = setting_text(read, ask, "config_file");
  f.hba_file = setting_text(read, ask, "hba_file");
  f.connections_limit = setting_number<std::uint32_t>(read, ask, "max_connections");
  f.connections_reserved = reserved(read, ask);
  const auto sockets = setting_text(read, ask, "unix_socket_directories");
  if (const auto* unknown = sockets.unknown()) {
    f.socket_directories = *unknown;
  } else {
    f.socket_directories = Seen{comma_list(sockets.seen()->value), sockets.seen()->evidence};
  }
  const auto primary = setting_text(read, ask, "primary_conninfo");
  if (const auto* unknown = primary.unknown()) {
    f.follows_primary = *unknown;
  } else {
    f.follows_primary =
        Seen{primary.seen()->value == "true",
             ask.from("pg_settings", "primary_conninfo is set: " + primary.seen()->value)};
  }
  std::vector<PostgresSetting> shown;
  const auto wanted = split(kShown, ',');
  for (const auto name : wanted) {
    if (const auto it = read.by_name.find(name); it != read.by_name.end()) {
      shown.push_back(it->second);
    }
  }
  for (const auto& [name, one] : read.by_name) {
    const bool listed = std::ranges::find(wanted, std::string_view(name)) != wanted.end();
    if (!listed && one.source == "command line") shown.push_back(one);
  }
  f.settings = Seen{std::move(shown), read.from};
}

/// Lines in error; those whose setting waits for a restart are no error, though the view calls them
/// one. For the latter the value that the file has.
void set_from_files(PostgresView& view, std::vector<PostgresPendingSetting> pending,
                    const Result<host::PostgresRows>& rows, const Evidence& from) {
  if (!rows) {
    view.facts.config_errors = unknown_from(rows.error());
    view.facts.pending_settings = Seen{std::move(pending), from};
    return;
  }
  std::vector<PostgresFileError> errors;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    const PostgresRow row{*rows, i};
    const auto waits = std::ranges::find(pending, row.text("name"), &PostgresPendingSetting::name);
    if (waits != pending.end()) {
      waits->wanted = excerpt(row.text("setting"), 300);  // the last line counts
      waits->file = row.text("sourcefile");
      waits->line = row.number_or<std::uint32_t>("sourceline", 0);
    } else if (!row.is_null("error")) {
      errors.push_back({row.text("sourcefile"), row.number_or<std::uint32_t>("sourceline", 0),
                        row.text("name"), row.text("error")});
    }
  }
  std::string found;
  for (const auto& one : errors) found += fmt::format("{}:{} {}; ", one.file, one.line, one.error);
  view.facts.config_errors = Seen{
      std::move(errors), view.ask.from("pg_file_settings", found.empty() ? "no errors" : found)};
  view.facts.pending_settings = Seen{std::move(pending), from};
}

/// The files the configuration comes from: those with a line in them, and the main ones.
std::vector<std::string> config_files(const PostgresFacts& facts,
                                      const Result<host::PostgresRows>& rows) {
  std::set<std::string> files;
  if (rows) {
    for (std::size_t i = 0; i < rows->rows.size(); ++i) {
      files.insert(PostgresRow{*rows, i}.text("sourcefile"));
    }
  }
  if (const auto* main = facts.config_file.seen()) files.insert(main->value);
  files.erase("");
  return {files.begin(), files.end()};
}

}  // namespace

Observed<bool> changed_since_load(const PostgresView& view, const std::vector<std::string>& files) {
  const ProbeContext& context = view.ask.context();
  if (!view.cluster) return Unknown{Why::unsupported, "the files are on another machine"};
  if (files.empty()) return Unknown{Why::denied, kHidden};
  if (view.loaded_at <= 0) return Unknown{Why::unsupported, "pg_conf_load_time() is not known"};
  const auto root = host::ProcessRoot::open(view.cluster->pid, context.root);
  if (!root) return unknown_from(root.error());
  std::string newest;
  double modified = 0;
  for (const std::string& file : files) {
    const auto status = root->status(file);
    // A file that was removed changes nothing of what is loaded; the server complains by itself.
    if (!status && status.error().code == Errc::kNotFound) continue;
    if (!status) return unknown_from(status.error());
    if (status->modified <= modified) continue;
    modified = status->modified;
    newest = file;
  }
  if (newest.empty()) return Unknown{Why::unreachable, "none of the files is there"};
  const double after = modified - view.loaded_at;
  return Seen{
      after > 0,
      context.evidence("stat, and pg_conf_load_time() at " + view.ask.client().endpoint(),
                       fmt::format("{} changed {:.1f} s {} the last load", newest,
                                   after > 0 ? after : -after, after > 0 ? "after" : "before"))};
}

void look_at_settings(PostgresView& view) {
  PostgresFacts& f = view.facts;
  const auto identity = view.ask(kIdentity);
  constexpr std::string_view kSource = "server_version, pg_postmaster_start_time()";
  f.version = view.ask.text(identity, kSource, "version");
  f.uptime_seconds = view.ask.number<double>(identity, kSource, "uptime");
  f.in_recovery = view.ask.flag(identity, "pg_is_in_recovery()", "in_recovery");
  if (identity) {
    view.sees_all = PostgresRow{*identity, 0}.flag("sees_all");
    view.loaded_at = PostgresRow{*identity, 0}.number_or<double>("loaded_at", 0);
  }
  f.system_identifier = view.ask.text(view.ask("SELECT system_identifier FROM pg_control_system()"),
                                      "pg_control_system()", "system_identifier");
  const auto rows = view.ask(kSettings, {fmt::format("{},{}", kShown, kNeeded)});
  if (!rows) {
    const Unknown unknown = unknown_from(rows.error());
    f.listen_addresses = f.data_directory = f.config_file = f.hba_file = unknown;
    f.port = unknown;
    f.connections_limit = f.connections_reserved = unknown;
    f.settings = unknown;
    f.pending_settings = unknown;
    f.config_errors = unknown;
    f.config_changed_since_load = unknown;
    return;
  }
  SettingsRead read = read_settings(*rows, view.ask);
  set_from_settings(view, read);
  const auto files = view.ask(kFiles);
  set_from_files(view, std::move(read.pending), files, read.from);
  f.config_changed_since_load = changed_since_load(view, config_files(f, files));
}

}  // namespace postflight
