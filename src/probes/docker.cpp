// SPDX-License-Identifier: Apache-2.0
#include "probes/docker.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "host/container_view.h"
#include "host/engine_api.h"
#include "host/files.h"
#include "host/processes.h"
#include "host/rooted.h"
#include "probes/container.h"
#include "probes/container_inspect.h"
#include "probes/container_process.h"
#include "probes/docker_answers.h"
#include "probes/engine_answer.h"
#include "probes/part.h"
#include "probes/recorder.h"

namespace postflight {
namespace {

using host::EngineApi;

constexpr Duration kPatience{3000};            // for the first answer, and for the list
constexpr Duration kPatienceForOne{1500};      // dockerd may hang on a single container
constexpr int kMostSilences = 3;               // … but after so many it is the engine that hangs
constexpr std::size_t kMostContainers = 1000;  // as many parts as a run keeps
constexpr std::size_t kLogRead = 64 * 1024;
constexpr std::size_t kLogKept = 1000;
constexpr std::string_view kKind = "docker:";
constexpr std::string_view kDockersData = "/var/lib/docker/containers";

/// One container on its way through the task.
struct Look {
  Look(FactSink& task, ListedContainer listed, const Part& part)
      : container(std::move(listed)), sink(task, part), recorder(sink) {}
  ListedContainer container;
  PartSink sink;
  Recorder<ContainerFacts> recorder;
  ContainerPaths paths;
  bool answered = false;  ///< The engine told about it, and it is still there.
};

/// One conversation with one engine.
class DockerLook {
 public:
  DockerLook(const ProbeContext& context, Recorder<DockerFacts>& recorder)
      : context_(context),
        recorder_(recorder),
        facts_(recorder.facts),
        socket_(context.target.component_id.substr(kKind.size())) {}

  void look() {
    auto engine = reach();
    if (!engine) {
      look_on_disk(!facts_.answers.unknown());
      return recorder_.give_up(unknown_from(engine.error()));
    }
    const Evidence ping =
        evidence("/_ping", fmt::format("Api-Version: {}, Server: {}", engine->ping().api_version,
                                       engine->ping().server));
    facts_.answers = Seen{true, ping};
    facts_.ping_seconds = Seen{engine->ping().seconds, ping};
    facts_.containers_on_disk = Absent{ping};
    recorder_.flush();
    look_at_list(*engine);
    look_at_engine(*engine);
    recorder_.flush();
    for (Look& look : looks_) inspect(*engine, look);
    for (Look& look : looks_) finish(look);
  }

 private:
  Evidence evidence(std::string_view path, std::string_view raw) const {
    return context_.evidence(fmt::format("GET {} on {}", path, socket_), raw);
  }

  std::string under_root(std::string_view path) const {
    return host::under_root(context_.root, path);
  }

  bool is_podmans() const { return socket_.ends_with("podman.sock"); }

  Result<EngineApi> reach() {
    if (!is_podmans() && waits_for_daemon()) {
      facts_.answers = Seen{
          false,
          context_.evidence("/proc", "no process dockerd; systemd would start one for " + socket_)};
      return fail(Errc::kUnreachable,
                  "dockerd does not run; it was not asked, because that would start it");
    }
    auto engine = EngineApi::open(socket_, context_.deadline.within(kPatience));
    if (engine) return engine;
    if (engine.error().code == Errc::kDenied) {
      facts_.answers = unknown_from(engine.error());
    } else {
      facts_.answers = Seen{false, evidence("/_ping", engine.error().what)};
    }
    return engine;
  }

  /// A connection to a socket that systemd holds for Docker starts dockerd and its containers.
  bool waits_for_daemon() {
    const auto first = host::read_program(1, context_.root);
    const bool activates = first && first->name == "systemd";
    return activates && !find_daemon();
  }

  /// The process of the daemon behind this socket; nothing where none is seen.
  std::optional<std::int32_t> find_daemon() {
    if (daemon_) return daemon_;
    const auto is_daemon = [&](std::int32_t pid) {
      const auto program = host::read_program(pid, context_.root);
      return program && program->name == "dockerd";
    };
    const std::string folder = socket_.substr(0, socket_.rfind('/'));
    const auto text = host::read_file(under_root(folder + "/docker.pid"), 64);
    const auto noted = text ? parse_number<std::int32_t>(trim(*text)) : std::nullopt;
    if (noted && is_daemon(*noted)) return daemon_ = noted;
    const auto all = host::list_processes(context_.root);
    if (!all) return std::nullopt;
    for (const std::int32_t pid : *all) {
      if (is_daemon(pid)) return daemon_ = pid;
    }
    return std::nullopt;
  }

  void look_on_disk(bool silent) {
    const bool usual = socket_ == "/run/docker.sock" || socket_ == "/var/run/docker.sock";
    if (!silent || !usual) return;
    const auto folders = host::list_folder(under_root(kDockersData));
    if (folders) {
      facts_.containers_on_disk =
          Seen{std::uint64_t{folders->size()},
               context_.evidence(std::string(kDockersData), fmt::format("{}", folders->size()))};
    } else if (folders.error().code == Errc::kNotFound) {
      facts_.containers_on_disk = Seen{
          std::uint64_t{0}, context_.evidence(std::string(kDockersData), folders.error().what)};
    } else {
      facts_.containers_on_disk = unknown_from(folders.error());
    }
  }

  /// Names all containers before any of them is looked at.
  void look_at_list(EngineApi& engine) {
    const std::string path = "/containers/json?all=1";
    auto answer = engine.get(path, list_members(), context_.deadline.within(kPatience));
    auto listed = answer ? parse_container_list(*answer)
                         : Result<std::vector<ListedContainer>>{std::unexpected(answer.error())};
    if (!listed) {
      facts_.containers = unknown_from(listed.error());
      facts_.containers_by_state = unknown_from(listed.error());
      return;
    }
    const std::vector<ContainerCount> counts = count_by_state(*listed);
    const Evidence from = evidence(path, shown_counts(counts));
    facts_.containers = Seen{std::uint64_t{listed->size()}, from};
    facts_.containers_by_state = Seen{counts, from};
    const std::string suffix = suffix_of_ids();
    for (ListedContainer& container : *listed) {
      const Part part{"container", "container:" + container.name + suffix,
                      "container " + container.name};
      looks_.emplace_back(recorder_.sink(), std::move(container), part);
    }
    recorder_.flush();
  }

  /// Two engines may have containers of one name: those of the first one are called plainly.
  std::string suffix_of_ids() const {
    const auto* topology = context_.topology.seen();
    const bool first = !topology || topology->value.engines.empty() ||
                       topology->value.engines.front().socket == socket_;
    return first ? std::string{} : "@" + socket_;
  }

  void look_at_engine(EngineApi& engine) {
    const auto get = [&](std::string_view path, const JsonSelection& wanted) {
      return engine.get(path, wanted, context_.deadline.within(kPatienceForOne));
    };
    const auto source = [&](std::string_view path) {
      return fmt::format("GET {} on {}", path, socket_);
    };
    const auto version = get("/version", version_members());
    read_version(version, source("/version"), facts_);
    if (!engine.version().empty()) {
      facts_.api_version =
          Seen{engine.version(), evidence("/_ping", "Api-Version: " + engine.ping().api_version)};
    } else {
      facts_.api_version = Unknown{Why::unsupported, "the engine names no version"};
    }
    read_info(get("/info", info_members()), source("/info"), facts_);
    read_networks(get("/networks", network_members()), source("/networks"), facts_);
    look_at_daemon();
  }

  void look_at_daemon() {
    const auto daemon = is_podmans() ? std::nullopt : find_daemon();
    if (!daemon) {
      const Absent none{context_.evidence("/proc", "no process dockerd")};
      facts_.started_at = none;
      facts_.uptime_seconds = none;
      facts_.installed_at = none;
      return;
    }
    const auto started = host::started_at(*daemon, context_.root);
    if (started) {
      const Evidence from = context_.evidence(fmt::format("/proc/{}/stat, field 22", *daemon),
                                              format_rfc3339(*started));
      const std::chrono::duration<double> up = wall_now() - *started;
      facts_.started_at = Seen{format_rfc3339(*started), from};
      facts_.uptime_seconds = Seen{std::max(0.0, up.count()), from};
    } else {
      facts_.started_at = unknown_from(started.error());
      facts_.uptime_seconds = unknown_from(started.error());
    }
    const std::string program = fmt::format("/proc/{}/exe", *daemon);
    const auto installed = host::installed_at(under_root(program));
    if (installed) {
      installed_ = *installed;
      facts_.installed_at =
          Seen{format_rfc3339(*installed),
               context_.evidence("stat -L " + program + ", ctime", format_rfc3339(*installed))};
    } else {
      facts_.installed_at = unknown_from(installed.error());
    }
  }

  void inspect(EngineApi& engine, Look& look) {
    ContainerFacts& facts = look.recorder.facts;
    const ListedContainer& container = look.container;
    if (inspected_++ >= kMostContainers) {
      return look.recorder.give_up({Why::not_planned, "more containers than a run looks at"});
    }
    if (silences_ >= kMostSilences) {
      return look.recorder.give_up({Why::timeout, "the engine has stopped answering"});
    }
    const std::string path = fmt::format("/containers/{}/json", container.id);
    const std::string source = fmt::format("GET /containers/{}/json", container.name);
    const auto answer =
        engine.get(path, inspection_members(), context_.deadline.within(kPatienceForOne));
    if (!answer && answer.error().code == Errc::kNotFound) {
      set_gone(facts, context_.evidence(source, answer.error().what));
      return look.recorder.flush();
    }
    if (!answer) {
      if (answer.error().code == Errc::kTimeout) ++silences_;
      return look.recorder.give_up(unknown_from(answer.error()));
    }
    const EngineAnswer read{*answer, source, wall_now()};
    facts.engine = Seen{context_.target.component_id, evidence("/containers/json", container.id)};
    facts.status = Seen{container.status, evidence("/containers/json", container.status)};
    read_inspection(read, facts);
    look.paths = paths_in(read);
    look.answered = true;
    note_upgrade(facts);
    look_at_image(engine, facts);
    look_at_log(engine, container, facts);
    look.recorder.flush();
  }

  void note_upgrade(ContainerFacts& facts) const {
    const auto* created = facts.created_at.seen();
    const auto when = created ? parse_engine_time(created->value) : std::nullopt;
    if (facts_.installed_at.absent()) {
      facts.created_before_upgrade = *facts_.installed_at.absent();
    } else if (const auto* unknown = facts_.installed_at.unknown()) {
      facts.created_before_upgrade = *unknown;
    } else if (!when) {
      facts.created_before_upgrade = Unknown{Why::malformed, "Created is no time"};
    } else {
      facts.created_before_upgrade = Seen{*when < installed_, facts_.installed_at.seen()->evidence};
    }
  }

  /// Each image is asked for once, however many containers were made from it.
  void look_at_image(EngineApi& engine, ContainerFacts& facts) {
    const auto* image = facts.image.seen();
    if (!image || image->value.empty()) {
      facts.image_now_id = Absent{image ? image->evidence : Evidence{}};
      return;
    }
    const std::string path = "/images/" + host::escaped_path(image->value) + "/json";
    auto found = images_.find(image->value);
    if (found == images_.end()) {
      auto answer = engine.get(path, image_members(), context_.deadline.within(kPatienceForOne));
      found = images_.emplace(image->value, std::move(answer)).first;
    }
    const Result<Json>& answer = found->second;
    if (answer) return read_image({*answer, "GET " + path, wall_now()}, facts);
    const bool no_such = answer.error().code == Errc::kNotFound;
    facts.image_now_id = no_such
                             ? Observed<std::string>{Absent{evidence(path, answer.error().what)}}
                             : unknown_from(answer.error());
    if (facts.health_command.seen()) {
      facts.health_from_image =
          no_such ? Unknown{Why::unsupported, answer.error().what} : unknown_from(answer.error());
    }
  }

  /// What a container said last is of interest where it does not simply run.
  void look_at_log(EngineApi& engine, const ListedContainer& container, ContainerFacts& facts) {
    const std::string path =
        fmt::format("/containers/{}/logs?stdout=1&stderr=1&tail=10", container.id);
    if (!is_in_trouble(facts)) {
      facts.last_log = Absent{evidence("/containers/json", container.status)};
      return;
    }
    const auto bytes = engine.get_text(path, kLogRead, context_.deadline.within(kPatienceForOne));
    if (!bytes) {
      facts.last_log = unknown_from(bytes.error());
      return;
    }
    const std::string text = last_lines(host::parse_log_frames(*bytes), kLogKept);
    const std::string source = fmt::format("GET /containers/{}/logs?tail=10", container.name);
    if (text.empty()) {
      facts.last_log = Absent{context_.evidence(source, "(empty)")};
    } else {
      facts.last_log = Seen{text, context_.evidence(source, text)};
    }
  }

  /// Files and processes may hang, so the engine's own words about all containers come first.
  void finish(Look& look) {
    if (!look.answered) return;
    look_at_process(context_, look.paths, look.recorder.facts);
    look.recorder.give_up({Why::unsupported, "the engine does not tell"});
  }

  const ProbeContext& context_;
  Recorder<DockerFacts>& recorder_;
  DockerFacts& facts_;
  std::string socket_;
  std::optional<std::int32_t> daemon_;
  WallTime installed_{};
  std::deque<Look> looks_;  // sinks are referred to, so they must stay where they are
  std::size_t inspected_ = 0;
  int silences_ = 0;
  std::map<std::string, Result<Json>> images_;
};

void look(const ProbeContext& context, Recorder<DockerFacts>& recorder) {
  DockerLook{context, recorder}.look();
}

std::vector<Target> plan(const Topology& topology, const Settings&) {
  std::vector<Target> targets;
  for (const ContainerEngine& engine : topology.engines) {
    const std::string_view what = engine.flavour == "podman" ? "Podman" : "Docker";
    targets.push_back({.component_id = std::string(kKind) + engine.socket,
                       .name = fmt::format("{} ({})", what, engine.socket),
                       .service = {},
                       .public_name = {}});
  }
  return targets;
}

}  // namespace

namespace probes {

extern const ProbeSpec docker;
const ProbeSpec docker{.id = "docker",
                       .kind = "docker",
                       .summary =
                           "Container engines, Docker and Podman: whether they answer, what they "
                           "are, their networks and containers. Only GET requests are sent.",
                       .budget = std::chrono::seconds{8},
                       .needs_topology = true,
                       .facts = &declare_facts<DockerFacts>,
                       .plan = &plan,
                       .run = &run_probe<DockerFacts, &look>};

}  // namespace probes

}  // namespace postflight
