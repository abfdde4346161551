// SPDX-License-Identifier: Apache-2.0
#include "probes/container_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/container_view.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight {
namespace {

constexpr std::string_view kDeleted = "//deleted";
constexpr std::string_view kDeletedLink = " (deleted)";
constexpr std::size_t kShortId = 12;

/// One container's process, as long as it is still the one that the engine named.
class ProcessLook {
 public:
  ProcessLook(const ProbeContext& context, ContainerFacts& facts)
      : context_(context), facts_(facts), pid_(pid_of(facts)) {}

  void look() {
    const Absent none{evidence_of(facts_.pid)};
    if (!facts_.pid.unknown() && pid_ == 0) {
      facts_.stale_mounts = none;
      facts_.working_directory_deleted = none;
      facts_.memory_used_bytes = none;
      facts_.oom_kills_total = none;
      return;
    }
    const auto own =
        pid_ == 0 ? Result<>{fail(Errc::kUnsupported, "its process is not known")} : is_its_own();
    if (!own) return give_up(unknown_from(own.error()));
    look_at_working_directory();
    look_at_mounts();
    look_at_memory();
  }

 private:
  static std::int32_t pid_of(const ContainerFacts& facts) {
    const auto* pid = facts.pid.seen();
    return pid ? static_cast<std::int32_t>(pid->value) : 0;
  }

  static Evidence evidence_of(const Observed<std::int64_t>& fact) {
    return fact.visit([](const Seen<std::int64_t>& seen) { return seen.evidence; },
                      [](const Absent& absent) { return absent.evidence; },
                      [](const Unknown&) { return Evidence{}; });
  }

  std::string file(std::string_view name) const {
    return host::under_root(context_.root, fmt::format("/proc/{}/{}", pid_, name));
  }

  /// The engine counts processes in the machine's first pid namespace. In another one, or where the
  /// container ended meanwhile, this id may be anybody's.
  Result<> is_its_own() const {
    const auto* id = facts_.id.seen();
    const auto cgroup = host::read_file(file("cgroup"));
    if (!cgroup && cgroup.error().code == Errc::kNotFound) {
      return fail(
          Errc::kUnreachable,
          fmt::format("process {} is not there: the container ended while it was looked at, "
                      "or this check does not see the machine's processes",
                      pid_));
    }
    if (!cgroup) return std::unexpected(cgroup.error());
    const bool named = id && cgroup->find(id->value.substr(0, kShortId)) != std::string::npos;
    // In a cgroup namespace of its own a path may end before the id.
    const bool hidden = cgroup->find("::/\n") != std::string::npos || cgroup->ends_with(":/\n");
    if (named || hidden) return {};
    return fail(Errc::kUnsupported, fmt::format("process {} is in no cgroup of this container: {}",
                                                pid_, excerpt(trim(*cgroup), 120)));
  }

  void give_up(const Unknown& why) {
    facts_.stale_mounts = why;
    facts_.working_directory_deleted = why;
    facts_.memory_used_bytes = why;
    facts_.oom_kills_total = why;
  }

  void look_at_working_directory() {
    const std::string path = file("cwd");
    const auto target = host::read_link(path);
    if (!target) {
      facts_.working_directory_deleted = unknown_from(target.error());
      return;
    }
    facts_.working_directory_deleted =
        Seen{target->ends_with(kDeletedLink), context_.evidence("readlink " + path, *target)};
  }

  void look_at_mounts() {
    const auto* wanted = facts_.mounts.seen();
    const std::string path = file("mountinfo");
    const auto text = host::read_file(path, 8 * 1024 * 1024);
    const auto mounts = text ? host::parse_mountinfo(*text)
                             : Result<std::vector<host::MountEntry>>{std::unexpected(text.error())};
    if (!mounts || !wanted) {
      facts_.stale_mounts = mounts ? Unknown{Why::unsupported, "its mounts are not known"}
                                   : unknown_from(mounts.error());
      return;
    }
    std::vector<StaleMount> stale;
    std::string shown;
    for (const ContainerMount& mount : wanted->value) {
      const host::MountEntry* entry = mount_at(*mounts, mount.destination);
      if (entry) judge_mount(mount, *entry, stale, shown);
    }
    if (shown.empty()) shown = fmt::format("{} mounts, none of them deleted", wanted->value.size());
    facts_.stale_mounts = Seen{std::move(stale), context_.evidence(path, shown)};
  }

  void judge_mount(const ContainerMount& mount, const host::MountEntry& entry,
                   std::vector<StaleMount>& stale, std::string& shown) const {
    // Where somebody else must answer, a look at the files may never end.
    if (host::storage_of(entry) == host::Storage::kRemote) return;
    const bool deleted = source_is_deleted(entry);
    const auto inside = host::identity_inside(pid_, mount.destination, context_.root);
    const bool unlinked = inside && inside->links == 0;
    bool replaced = false;
    if (inside && mount.type == "bind") {
      const auto source = host::identity_of(host::under_root(context_.root, mount.source));
      replaced = source && !source->same_file(*inside);
    }
    if (!deleted && !unlinked && !replaced) return;
    stale.push_back({mount.destination, mount.source, !inside || inside->folder,
                     deleted || unlinked, mount.writable});
    shown += fmt::format("{}{} {} {}", shown.empty() ? "" : "; ", entry.device_number, entry.root,
                         entry.mount_point);
  }

  void look_at_memory() {
    const auto memory = host::container_memory(pid_, context_.root);
    if (!memory) {
      facts_.memory_used_bytes = unknown_from(memory.error());
      facts_.oom_kills_total = unknown_from(memory.error());
      return;
    }
    const Evidence from =
        context_.evidence(memory->source, std::to_string(memory->used_bytes) + " without cache");
    facts_.memory_used_bytes = Seen{memory->used_bytes, from};
    if (memory->oom_kills) {
      facts_.oom_kills_total = Seen{*memory->oom_kills, from};
    } else {
      facts_.oom_kills_total = Unknown{Why::unsupported, "this kernel does not count them"};
    }
  }

  const ProbeContext& context_;
  ContainerFacts& facts_;
  std::int32_t pid_;
};

/// Only Docker's own files and those of this machine: paths come from the engine, which is root.
class FilesLook {
 public:
  FilesLook(const ProbeContext& context, ContainerFacts& facts)
      : context_(context), facts_(facts) {}

  void look_at_log(const std::string& path) {
    const auto* driver = facts_.log_driver.seen();
    const bool in_a_file =
        driver && (driver->value == "json-file" || driver->value == "k8s-file") && !path.empty();
    if (!in_a_file) {
      facts_.log_size_bytes = driver ? Observed<std::uint64_t>{Absent{driver->evidence}}
                                     : Unknown{Why::unsupported, "its log driver is not known"};
      return;
    }
    const auto size = host::size_of(host::under_root(context_.root, path));
    if (!size && size.error().code == Errc::kNotFound) {
      facts_.log_size_bytes = Absent{context_.evidence("stat " + path, size.error().what)};
    } else if (!size) {
      facts_.log_size_bytes = unknown_from(size.error());
    } else {
      facts_.log_size_bytes =
          Seen{*size, context_.evidence("stat " + path, std::to_string(*size) + " bytes")};
    }
  }

  void look_at_hosts(const std::string& path) {
    if (path.empty()) {
      facts_.hosts_file_names = Absent{context_.evidence("HostsPath", "(none)")};
      return;
    }
    const auto text = host::read_file(host::under_root(context_.root, path));
    if (!text && text.error().code == Errc::kNotFound) {
      facts_.hosts_file_names = Absent{context_.evidence(path, text.error().what)};
    } else if (!text) {
      facts_.hosts_file_names = unknown_from(text.error());
    } else {
      facts_.hosts_file_names = Seen{names_in(*text), context_.evidence(path, *text)};
    }
  }

  void look_at_compose() {
    const auto* files = facts_.compose_files.seen();
    if (!files) {
      const Absent none{facts_.compose_files.absent() ? facts_.compose_files.absent()->evidence
                                                      : Evidence{}};
      facts_.compose_files_missing = none;
      facts_.compose_service_defined = none;
      return;
    }
    std::vector<std::string> missing;
    for (const std::string& path : files->value) {
      const auto there = host::exists(host::under_root(context_.root, path));
      if (!there) return give_up_compose(unknown_from(there.error()));
      if (!*there) missing.push_back(path);
    }
    const bool complete = missing.empty();
    facts_.compose_files_missing = Seen{std::move(missing), files->evidence};
    look_for_service(files->value, complete);
  }

 private:
  static std::vector<std::string> names_in(std::string_view hosts) {
    std::set<std::string> names;
    for (std::string_view line : split(hosts, '\n')) {
      line = line.substr(0, line.find('#'));
      const auto words = split_words(line);
      for (std::size_t i = 1; i < words.size(); ++i) names.insert(printable_utf8(words[i]));
    }
    return {names.begin(), names.end()};
  }

  void give_up_compose(const Unknown& why) {
    facts_.compose_files_missing = why;
    facts_.compose_service_defined = why;
  }

  void look_for_service(const std::vector<std::string>& files, bool complete) {
    const auto* service = facts_.compose_service.seen();
    const Evidence where = context_.evidence(files.front(), service ? service->value : "");
    if (!complete || !service) {
      facts_.compose_service_defined = Absent{where};
      return;
    }
    for (const std::string& path : files) {
      const auto text = host::read_file(host::under_root(context_.root, path));
      if (!text) {
        facts_.compose_service_defined = unknown_from(text.error());
        return;
      }
      if (names_service(*text, service->value)) {
        facts_.compose_service_defined = Seen{true, context_.evidence(path, service->value + ":")};
        return;
      }
      if (includes_others(*text)) {
        facts_.compose_service_defined = Absent{context_.evidence(path, "include:")};
        return;
      }
    }
    facts_.compose_service_defined = Seen{false, where};
  }

  const ProbeContext& context_;
  ContainerFacts& facts_;
};

}  // namespace

const host::MountEntry* mount_at(const std::vector<host::MountEntry>& mounts,
                                 const std::string& destination) {
  const host::MountEntry* found = nullptr;
  for (const host::MountEntry& mount : mounts) {
    std::string_view point = mount.mount_point;
    // The kernel marks a mount point that was deleted itself in the same way.
    if (point.ends_with(kDeleted)) point.remove_suffix(kDeleted.size());
    if (point != destination) continue;
    if (found) return nullptr;
    found = &mount;
  }
  return found;
}

bool source_is_deleted(const host::MountEntry& mount) {
  return mount.root.ends_with(kDeleted);
}

bool names_service(std::string_view compose_file, std::string_view name) {
  for (const std::string_view line : split(compose_file, '\n')) {
    const std::string_view text = trim(line);
    std::string_view word = text.substr(0, text.find(':'));
    const bool indented = line.starts_with(' ') || line.starts_with('\t');
    if (word.size() == text.size() || !indented) continue;
    word = trim(word);
    if (word.size() >= 2 && (word.front() == '"' || word.front() == '\'')) {
      word = word.substr(1, word.size() - 2);
    }
    if (word == name) return true;
  }
  // "services: {web: {…}}"
  const std::string inline_form = std::string(name) + ":";
  const auto at = compose_file.find(inline_form);
  return at != std::string_view::npos && at > 0 && compose_file.find('{') < at;
}

bool includes_others(std::string_view compose_file) {
  return compose_file.starts_with("include:") ||
         compose_file.find("\ninclude:") != std::string_view::npos;
}

void look_at_process(const ProbeContext& context, const ContainerPaths& paths,
                     ContainerFacts& facts) {
  FilesLook files{context, facts};
  files.look_at_log(paths.log);
  files.look_at_hosts(paths.hosts);
  files.look_at_compose();
  ProcessLook{context, facts}.look();
}

}  // namespace postflight
