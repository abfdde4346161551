// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "base/version.h"
#include "cli/exit_codes.h"
#include "render/renderer.h"

namespace postflight::cli {
namespace {

constexpr const char* kCheckExamples = R"(
Examples:
  postflight check                              look at this machine, print the report
  postflight check --lang ru -o report.json     also write the report as JSON
  postflight check --format json | jq .verdict  for scripts
  postflight check --save-facts facts.json      keep what was seen ...
  postflight check --from facts.json            ... and judge it again, on any machine
  postflight check --only redis --only 'http:*:8000' -v
  postflight check --pg-url postgres://app@db.example.org/app
  postflight check --fail-on critical           exit with 0 unless something is critical

Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown, 64 usage or configuration,
65 damaged input file, 70 internal error.
It only looks: nothing is written, restarted or configured on the machine.)";

constexpr const char* kExamples = R"(
Examples:
  postflight check                     is everything still working here?
  postflight explain redis/open-to-strangers
  postflight discover                  what listens on this machine?
  postflight schema report             the contract of the JSON report)";

std::string names_of_renderers() {
  std::string names;
  for (const Renderer* renderer : all_renderers()) {
    names += (names.empty() ? "" : ", ") + std::string(renderer->id);
  }
  return names;
}

/// "FORMAT=FILE" where FORMAT is one we know; a file name may itself hold an equals sign.
OutputRequest parse_output(const std::string& text) {
  const auto equals = text.find('=');
  if (equals != std::string::npos && find_renderer(text.substr(0, equals))) {
    return {text.substr(0, equals), text.substr(equals + 1)};
  }
  return {"", text};
}

std::string check_output(const std::string& text) {
  const OutputRequest output = parse_output(text);
  if (output.file.empty()) return "names no file: " + text;
  if (!output.format.empty() || output.file == "-" || renderer_for_file(output.file)) return "";
  return "cannot tell the format of " + text + " from its extension; write FORMAT=" + text +
         ", with FORMAT one of: " + names_of_renderers();
}

std::string check_format(const std::string& name) {
  if (find_renderer(name)) return "";
  std::vector<std::string> names;
  for (const Renderer* renderer : all_renderers()) names.emplace_back(renderer->id);
  const auto near = nearest(name, names);
  return "unknown format \"" + name + "\"; " +
         (near ? "did you mean \"" + std::string(*near) + "\"?"
               : "use one of: " + names_of_renderers());
}

/// Holds what CLI11 fills in, until it is turned into a CommandLine.
struct Raw {
  CommandLine line;
  std::string lang;
  std::string timeout;
  std::string fail_on = "unknown";
  std::string postgres_url;
  std::vector<std::string> outputs;
};

void add_lang(CLI::App& app, Raw& raw) {
  app.add_option("--lang", raw.lang,
                 "Language of the report: ru or en; the locale decides without it")
      ->check(CLI::IsMember({"ru", "en"}));
}

void add_check(CLI::App& app, Raw& raw) {
  CLI::App* check = app.add_subcommand("check", "Look at this machine and report");
  check->footer(kCheckExamples);
  CheckArguments& args = raw.line.check;
  check->add_option("--format", args.format, "Format on standard output: " + names_of_renderers())
      ->check(check_format);
  check
      ->add_option("-o,--output", raw.outputs,
                   "[FORMAT=]FILE: also write the report there; - is standard output")
      ->check(check_output)
      ->type_name("[FORMAT=]FILE")
      ->expected(1)
      ->take_all();
  check
      ->add_option("--save-facts", args.save_facts,
                   "Keep what was seen in FILE, to be judged again")
      ->type_name("FILE");
  check->add_option("--from", args.from, "Judge saved facts instead of looking at this machine")
      ->type_name("FILE");
  add_lang(*check, raw);
  check
      ->add_option("--only", args.only,
                   "Look at components that match GLOB and nothing else (repeatable)")
      ->type_name("GLOB")
      ->expected(1)
      ->take_all();
  check
      ->add_option("--skip", args.skip,
                   "Leave out components or findings that match GLOB (repeatable)")
      ->type_name("GLOB")
      ->expected(1)
      ->take_all();
  check
      ->add_option("--timeout", raw.timeout,
                   "The check ends after this time: 500ms, 15s, 2m (default 15s)")
      ->check([](const std::string& text) -> std::string {
        const auto ms = parse_duration_ms(text);
        if (ms && *ms > 0) return "";
        return "\"" + text + "\" is no duration; write 500ms, 15s or 2m";
      })
      ->type_name("DURATION");
  check
      ->add_option("--fail-on", raw.fail_on,
                   "Least verdict that is not exit code 0 (default unknown)")
      ->check(CLI::IsMember({"critical", "warning", "unknown"}));
  check
      ->add_option("--config", args.config,
                   "Configuration (default /etc/postflight/postflight.yaml, if there)")
      ->type_name("FILE");
  check
      ->add_option(
          "--pg-url", raw.postgres_url,
          "A PostgreSQL server to look at as well, or how to log in to the one here: "
          "postgres://USER@HOST:PORT/DATABASE; without a password PGPASSWORD and ~/.pgpass "
          "are asked")
      ->type_name("URL");
  check->add_flag("-v,--verbose", args.verbose,
                  "Every fact with its evidence, and the slowest tasks");
  check->add_flag("--in-process", args.in_process,
                  "Run tasks in this process, for a debugger; they cannot be killed");
}

void add_others(CLI::App& app, Raw& raw) {
  CLI::App* discover = app.add_subcommand("discover", "List what listens on this machine");
  discover->add_flag("--json", raw.line.discover.json, "As JSON");
  add_lang(*discover, raw);
  CLI::App* explain = app.add_subcommand("explain", "Tell what a finding means and what to do");
  explain->add_option("ID", raw.line.explain.id,
                      "Id of a finding, e.g. redis/open-to-strangers; without it, list all");
  add_lang(*explain, raw);
  CLI::App* schema = app.add_subcommand("schema", "Print a JSON Schema (draft 7)");
  schema->add_option("DOCUMENT", raw.line.schema.document, "report, facts or config")
      ->required()
      ->check(CLI::IsMember({"report", "facts", "config"}));
  CLI::App* docs =
      app.add_subcommand("docs", "Write the reference pages, or compare them")->group("");
  docs->add_option("FOLDER", raw.line.docs.folder)->required();
  docs->add_flag("--check", raw.line.docs.check);
}

Command command_of(const CLI::App& app) {
  if (app.got_subcommand("discover")) return Command::discover;
  if (app.got_subcommand("explain")) return Command::explain;
  if (app.got_subcommand("schema")) return Command::schema;
  if (app.got_subcommand("docs")) return Command::docs;
  return Command::check;
}

CommandLine finish(Raw raw, const CLI::App& app) {
  raw.line.command = command_of(app);
  for (const std::string& output : raw.outputs)
    raw.line.check.outputs.push_back(parse_output(output));
  if (!raw.timeout.empty()) raw.line.check.timeout = Duration{*parse_duration_ms(raw.timeout)};
  raw.line.check.postgres_url = Secret{std::move(raw.postgres_url)};
  raw.line.check.fail_on = raw.fail_on == "critical"  ? Verdict::critical
                           : raw.fail_on == "warning" ? Verdict::warning
                                                      : Verdict::unknown;
  std::optional<Lang> lang;
  if (!raw.lang.empty()) lang = raw.lang == "ru" ? Lang::ru : Lang::en;
  raw.line.check.lang = raw.line.discover.lang = raw.line.explain.lang = lang;
  return std::move(raw.line);
}

/// Most mistakes are a mistyped word: name the nearest one.
std::string suggestion(const CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
    for (const CLI::Option* option : command->get_options())
      words.push_back("--" + option->get_single_name());
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (std::ranges::find(words, word) != words.end()) continue;
    if (!word.starts_with("--") && i > 1) continue;
    if (const auto near = nearest(word.substr(0, word.find('=')), words)) {
      return "Did you mean \"" + std::string(*near) + "\"? ";
    }
  }
  return "";
}

}  // namespace

std::expected<CommandLine, Farewell> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{
      "Postflight looks at a self-hosted server after a migration and reports what works, what "
      "does\n"
      "not and why, and what could not be seen.",
      "postflight"};
  app.set_version_flag("--version", std::string("postflight ") + kVersion);
  app.footer(kExamples);
  app.require_subcommand(1);
  Raw raw;
  add_check(app, raw);
  add_others(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForAllHelp&) {
    return std::unexpected(Farewell{0, app.help("", CLI::AppFormatMode::All)});
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Farewell{0, app.help()});
  } catch (const CLI::CallForVersion& version) {
    return std::unexpected(Farewell{0, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(
        Farewell{kExitUsage, "postflight: " + std::string(error.what()) + "\n" +
                                 suggestion(app, argc, argv) +
                                 "See `postflight --help` or `postflight check --help`.\n"});
  }
  return finish(std::move(raw), app);
}

}  // namespace postflight::cli
