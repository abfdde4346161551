// SPDX-License-Identifier: Apache-2.0
#include "probes/unit_memory.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/text.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::systemd_look {
namespace {

/// The files of one hierarchy that account for memory.
struct Hierarchy {
  std::string_view mount;
  std::string_view current;
  std::string_view peak;
};
constexpr std::array kHierarchies = {
    Hierarchy{"/sys/fs/cgroup", "memory.current", "memory.peak"},
    Hierarchy{"/sys/fs/cgroup/memory", "memory.usage_in_bytes", "memory.max_usage_in_bytes"},
    Hierarchy{"/sys/fs/cgroup/unified", "memory.current", "memory.peak"},
};

class MemoryLook {
 public:
  MemoryLook(const ProbeContext& context, const Properties& properties, UnitFacts& facts)
      : context_(context), properties_(properties), facts_(facts) {}

  void look() {
    const std::string group = properties_.plain_text("ControlGroup");
    if (group.empty() || group == "/") return no_group();
    choose(group);
    facts_.memory_bytes = current();
    facts_.memory_source = source();
    facts_.memory_peak_bytes = peak();
    facts_.memory_reclaimable_bytes = reclaimable();
  }

 private:
  /// Nothing of it runs, so there is nothing to be counted.
  void no_group() {
    const Absent absent{properties_.from("ControlGroup")};
    facts_.memory_bytes = absent;
    facts_.memory_source = absent;
    facts_.memory_peak_bytes = absent;
    facts_.memory_reclaimable_bytes = absent;
  }

  void choose(const std::string& group) {
    for (const Hierarchy& one : kHierarchies) {
      const std::string folder = std::string(one.mount) + group;
      const auto there =
          host::exists(host::under_root(context_.root, fmt::format("{}/{}", folder, one.current)));
      if (!there || !*there) continue;
      hierarchy_ = one;
      folder_ = folder;
      return;
    }
  }

  Observed<std::uint64_t> number_in(std::string_view name) const {
    const std::string path = fmt::format("{}/{}", folder_, name);
    const auto text = host::read_file(host::under_root(context_.root, path), 4096);
    if (!text && text.error().code == Errc::kNotFound) {
      return Unknown{Why::unsupported, "this kernel has no " + path};
    }
    if (!text) return unknown_from(text.error());
    const auto value = parse_number<std::uint64_t>(trim(*text));
    if (!value) return Unknown{Why::malformed, path + ": " + excerpt(trim(*text), 40)};
    return Seen{*value, context_.evidence(path, trim(*text))};
  }

  Observed<std::uint64_t> current() {
    Observed<std::uint64_t> told = properties_.limit("MemoryCurrent");
    if (told.seen()) return told;
    if (hierarchy_) return number_in(hierarchy_->current);
    return Unknown{Why::unsupported,
                   "systemd does not count its memory (MemoryAccounting=), and the kernel has no "
                   "memory cgroup for it"};
  }

  Observed<std::string> source() const {
    const auto* seen = facts_.memory_bytes.seen();
    if (!seen) return *facts_.memory_bytes.unknown();
    return Seen{seen->evidence.source, seen->evidence};
  }

  Observed<std::uint64_t> peak() const {
    if (properties_.has("MemoryPeak")) {
      Observed<std::uint64_t> told = properties_.limit("MemoryPeak");
      if (told.seen()) return told;
    }
    if (hierarchy_) return number_in(hierarchy_->peak);
    return Unknown{Why::unsupported, "neither systemd nor the kernel counts its peak"};
  }

  Observed<std::uint64_t> reclaimable() const {
    if (!hierarchy_) {
      return Unknown{Why::unsupported, "the kernel has no memory cgroup for it"};
    }
    const std::string path = folder_ + "/memory.stat";
    const auto text = host::read_file(host::under_root(context_.root, path), 64 * 1024);
    if (!text) return unknown_from(text.error());
    const auto bytes = parse_reclaimable(*text);
    if (!bytes) return Unknown{Why::malformed, path + ": " + bytes.error().what};
    return Seen{*bytes, context_.evidence(path, fmt::format("inactive_file + active_file + "
                                                            "slab_reclaimable = {}",
                                                            *bytes))};
  }

  const ProbeContext& context_;
  const Properties& properties_;
  UnitFacts& facts_;
  std::optional<Hierarchy> hierarchy_;
  std::string folder_;
};

}  // namespace

Result<std::uint64_t> parse_reclaimable(std::string_view memory_stat) {
  std::uint64_t own = 0, total = 0;
  bool has_own = false, has_total = false;
  for (const std::string_view line : split(memory_stat, '\n')) {
    const auto words = split_words(line);
    if (words.size() != 2) continue;
    // On cgroup v1 the plain counters leave out the groups below; total_… does not.
    const bool with_groups = words[0].starts_with("total_");
    const auto name = with_groups ? words[0].substr(6) : words[0];
    if (name != "inactive_file" && name != "active_file" && name != "slab_reclaimable") continue;
    const auto value = parse_number<std::uint64_t>(words[1]);
    std::uint64_t& sum = with_groups ? total : own;
    if (!value || __builtin_add_overflow(sum, *value, &sum)) {
      return fail(Errc::kMalformed, excerpt(line, 60));
    }
    (with_groups ? has_total : has_own) = true;
  }
  if (!has_own && !has_total) return fail(Errc::kMalformed, "it has no inactive_file");
  return has_total ? total : own;
}

void look_at_memory(const ProbeContext& context, const Properties& properties, UnitFacts& facts) {
  MemoryLook{context, properties, facts}.look();
}

}  // namespace postflight::systemd_look
