// SPDX-License-Identifier: Apache-2.0
// `postflight check`: settings, observation or saved facts, judgement, rendering, exit code.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/version.h"
#include "catalog/catalog.h"
#include "catalog/format.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/language.h"
#include "cli/output_file.h"
#include "config/config_file.h"
#include "engine/assemble.h"
#include "engine/judge.h"
#include "engine/observe.h"
#include "engine/redact.h"
#include "host/files.h"
#include "model/codec.h"
#include "probes/postgres_access.h"
#include "render/renderer.h"

namespace postflight::cli {
namespace {

constexpr const char* kDefaultConfig = "/etc/postflight/postflight.yaml";
constexpr mode_t kReportMode = 0644;
constexpr mode_t kFactsMode = 0600;
constexpr std::size_t kLargestFactsFile = 64UL << 20;

/// A report that goes to standard output or a file.
struct Output {
  const Renderer* renderer;
  std::string name;
  std::optional<OutputFile> file;  // empty: standard output
};

int complain(int code, const std::string& what) {
  fmt::print(stderr, "postflight: {}\n", redact_text(what));
  return code;
}

bool want_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = (no_colour && *no_colour) || (term && std::string_view(term) == "dumb");
  return ::isatty(STDOUT_FILENO) && !refused;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 100;
  return std::clamp<std::size_t>(size.ws_col, 40, 160);
}

std::expected<Settings, std::string> load(const CheckArguments& arguments) {
  ConfigContext context;
  context.defaults.lang = language_of_locale();
  for (const ProbeSpec* probe : all_probes()) context.probe_names.emplace_back(probe->id);
  Settings settings = context.defaults;
  const bool named = !arguments.config.empty();
  const std::string path = named ? arguments.config : kDefaultConfig;
  // Only a fixed path is read unasked: a postflight.yaml lying in somebody's folder could otherwise
  // make root send a password to a port of his choice.
  const auto there = host::exists(path);
  if (named || !there || *there) {  // one that cannot be examined is told about, not passed over
    auto read = read_settings(path, context);
    if (!read) return std::unexpected(format_problems(read.error()));
    settings = *std::move(read);
  }
  if (arguments.timeout) settings.timeout = *arguments.timeout;
  if (arguments.lang) settings.lang = *arguments.lang;
  settings.postgres_url = arguments.postgres_url;
  if (!settings.postgres_url.empty()) {
    const auto url = parse_postgres_url(settings.postgres_url.reveal());
    if (!url) return std::unexpected("postflight: --pg-url: " + url.error().what + "\n");
  }
  settings.only.insert(settings.only.end(), arguments.only.begin(), arguments.only.end());
  settings.skip.insert(settings.skip.end(), arguments.skip.begin(), arguments.skip.end());
  return settings;
}

Result<std::vector<Output>> open_outputs(const CheckArguments& arguments) {
  std::vector<Output> outputs;
  const auto add = [&](const Renderer* renderer, const std::string& file) -> Result<void> {
    if (file == "-") {
      outputs.push_back({renderer, "standard output", std::nullopt});
      return {};
    }
    PF_TRY_ASSIGN(OutputFile created, OutputFile::create(file, kReportMode));
    outputs.push_back({renderer, file, std::move(created)});
    return {};
  };
  const bool stdout_is_taken = std::ranges::any_of(
      arguments.outputs, [](const OutputRequest& output) { return output.file == "-"; });
  if (!arguments.format.empty() || !stdout_is_taken) {
    PF_TRY(add(find_renderer(arguments.format.empty() ? "terminal" : arguments.format), "-"));
  }
  for (const OutputRequest& request : arguments.outputs) {
    const Renderer* by_name = request.format.empty() ? nullptr : find_renderer(request.format);
    const Renderer* by_extension = renderer_for_file(request.file);
    PF_TRY(add(by_name        ? by_name
               : by_extension ? by_extension
                              : find_renderer("terminal"),
               request.file));
  }
  return outputs;
}

Result<FactsDocument> read_facts(const std::string& path) {
  PF_TRY_ASSIGN(const std::string text, host::read_file(path, kLargestFactsFile));
  PF_TRY_ASSIGN(const Json json, parse_json(text));
  if (!json.is_object() || !json.contains("facts_version")) {
    return fail(Errc::kMalformed, "this is not a facts file of postflight");
  }
  PF_TRY_ASSIGN(FactsDocument document, decode<FactsDocument>(json));
  if (document.facts_version != FactsDocument::kVersion) {
    return fail(
        Errc::kUnsupported,
        fmt::format("facts version {} is not the {} this build reads; use the postflight ({}) "
                    "that wrote it",
                    document.facts_version, FactsDocument::kVersion, document.tool_version));
  }
  return redact(std::move(document));  // the file may have been edited by hand since
}

/// A first line at once, and on a terminal one line per finished task. Nothing where standard
/// output carries another format.
class Progress {
 public:
  Progress(bool text, Lang lang)
      : text_(text), visible_(text && ::isatty(STDOUT_FILENO)), lang_(lang) {}

  void start(const std::string& host) {
    if (!text_) return;
    say(ui_text("progress.start", lang_, {{"version", kVersion}, {"host", host}}));
  }
  void planned(std::size_t count) { planned_ = count; }
  void ended(const TaskRecord& task) {
    ++done_;
    if (!visible_) return;
    const std::string of =
        planned_ ? fmt::format("{}/{}", done_, planned_ + 1) : fmt::format("{}", done_);
    say(fmt::format("  [{}] {}  {}{}", of, task.id, format_duration(task.wall_seconds, lang_),
                    task.outcome == Outcome::done
                        ? ""
                        : "  " + ui_text("outcome." + enum_name(task.outcome), lang_)));
  }

 private:
  static void say(const std::string& text) {
    fmt::print("{}\n", redact_text(text));
    std::fflush(stdout);
  }

  bool text_;
  bool visible_;
  Lang lang_;
  std::size_t planned_ = 0;
  std::size_t done_ = 0;
};

Observation look(const CheckArguments& arguments, const Settings& settings, Progress& progress) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  progress.start(host.data());
  ObserveOptions options;
  options.settings = settings;
  options.execution = arguments.in_process ? Execution::in_process : Execution::forked;
  options.keep_stderr = arguments.verbose;
  options.on_task = [&](const TaskRecord& task) { progress.ended(task); };
  options.on_planned = [&](std::size_t count) { progress.planned(count); };
  return observe(options);
}

Result<void> write_outputs(std::vector<Output>& outputs, const Report& report, bool verbose) {
  for (Output& output : outputs) {
    const RenderOptions options{.colour = !output.file && want_colour(),
                                .verbose = verbose,
                                .width = output.file ? 100 : terminal_width()};
    const std::string bytes = output.renderer->render(report, options);
    PF_TRY(output.file ? output.file->commit(bytes) : write_stdout(bytes));
  }
  return {};
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  const auto settings = load(arguments);
  if (!settings) {
    fmt::print(stderr, "{}", settings.error());
    return kExitUsage;
  }
  auto outputs = open_outputs(arguments);
  if (!outputs) return complain(kExitUsage, outputs.error().what);
  std::optional<OutputFile> facts_file;
  if (!arguments.save_facts.empty()) {
    auto created = OutputFile::create(arguments.save_facts, kFactsMode);
    if (!created) return complain(kExitUsage, created.error().what);
    facts_file = *std::move(created);
  }

  FactsDocument document;
  if (arguments.from.empty()) {
    const Output& first = outputs->front();
    Progress progress{!first.file && first.renderer->id == "terminal", settings->lang};
    Observation observation = look(arguments, *settings, progress);
    if (observation.interrupted)
      return complain(kExitInterrupted, "interrupted; no report was made");
    document = std::move(observation.document);
  } else {
    auto read = read_facts(arguments.from);
    if (!read) {
      const bool missing =
          read.error().code == Errc::kNotFound || read.error().code == Errc::kDenied;
      return complain(missing ? kExitUsage : kExitDamagedInput,
                      arguments.from + ": " + read.error().what);
    }
    document = *std::move(read);
  }

  if (facts_file) {
    if (const auto saved = facts_file->commit(dump_json_pretty(to_json(document)) + "\n"); !saved) {
      return complain(kExitInternal, saved.error().what);
    }
  }
  Judgement judgement = judge(document, *settings);
  const Report report =
      assemble(std::move(document), std::move(judgement), settings->lang, arguments.fail_on);
  if (const auto written = write_outputs(*outputs, report, arguments.verbose); !written) {
    return complain(kExitInternal, written.error().what);
  }
  return report.exit_code;
}

}  // namespace postflight::cli
