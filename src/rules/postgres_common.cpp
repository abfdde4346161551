// SPDX-License-Identifier: Apache-2.0
// Where commands reach a cluster, and how pg_hba.conf names addresses. Source: the manual, "The
// pg_hba.conf File".
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rules/postgres_rules.h"

namespace postflight::rules::postgres_rules {
namespace {

constexpr std::size_t kIdDigits = 64, kIdShown = 12;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::vector<std::uint8_t>> parse_v4(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  for (const auto part : split(text, '.')) {
    const auto number = parse_number<std::uint16_t>(part);
    if (!number || *number > 255) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*number));
  }
  if (bytes.size() != 4) return std::nullopt;
  return bytes;
}

std::optional<std::uint16_t> parse_hex(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    const bool plain = c >= '0' && c <= '9';
    const auto number = plain ? static_cast<std::size_t>(c - '0') : digit;
    if (number == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(number);
  }
  return static_cast<std::uint16_t>(value);
}

/// The groups on one side of "::".
std::optional<std::vector<std::uint8_t>> parse_groups(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  for (const auto group : split(text, ':')) {
    if (group.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(group);
      if (!v4) return std::nullopt;
      bytes.insert(bytes.end(), v4->begin(), v4->end());
      continue;
    }
    const auto number = parse_hex(group);
    if (!number) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*number >> 8));
    bytes.push_back(static_cast<std::uint8_t>(*number & 0xFF));
  }
  return bytes;
}

std::optional<std::vector<std::uint8_t>> parse_v6(std::string_view text) {
  const auto gap = text.find("::");
  auto bytes = parse_groups(text.substr(0, gap));
  if (!bytes) return std::nullopt;
  if (gap != std::string_view::npos) {
    const auto rest = parse_groups(text.substr(gap + 2));
    if (!rest || bytes->size() + rest->size() > 16) return std::nullopt;
    bytes->resize(16 - rest->size());
    bytes->insert(bytes->end(), rest->begin(), rest->end());
  }
  if (bytes->size() != 16) return std::nullopt;
  return bytes;
}

std::optional<std::vector<std::uint8_t>> parse_bytes(std::string_view text) {
  return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

/// Leading ones of a mask.
int bits_of(const std::vector<std::uint8_t>& mask) {
  int bits = 0;
  for (const std::uint8_t byte : mask) {
    for (int i = 7; i >= 0; --i) {
      if ((byte >> i & 1) == 0) return bits;
      ++bits;
    }
  }
  return bits;
}

}  // namespace

const PostgresCluster* cluster_of(const JudgeContext& context) {
  const auto* topology = context.document.topology.seen();
  const std::string& id = context.component.id;
  if (!topology) return nullptr;
  const auto it = std::ranges::find(topology->value.clusters, id.substr(id.find(':') + 1),
                                    &PostgresCluster::id);
  return it == topology->value.clusters.end() ? nullptr : &*it;
}

std::string container_of(const PostgresCluster* cluster) {
  const std::string cgroup = cluster ? cluster->cgroup : "";
  for (const std::string_view before : {"/docker/", "/docker-", "/libpod-"}) {
    const auto at = cgroup.find(before);
    if (at == std::string::npos) continue;
    const std::string id = cgroup.substr(at + before.size(), kIdDigits);
    if (id.size() == kIdDigits && is_hex(id)) return id.substr(0, kIdShown);
  }
  return {};
}

std::string unit_of(const PostgresCluster* cluster) {
  if (!cluster) return {};
  if (!cluster->debian_name.empty()) {
    std::string name = cluster->debian_name;
    std::ranges::replace(name, '/', '-');
    return "postgresql@" + name;
  }
  const std::string& cgroup = cluster->cgroup;
  if (!cgroup.starts_with("/system.slice/") || !cgroup.ends_with(".service")) return {};
  return cgroup.substr(cgroup.rfind('/') + 1);
}

Words in_place(const JudgeContext& context, Words words) {
  const std::string id = container_of(cluster_of(context));
  if (id.empty()) return words;
  words.insert(words.begin(), {"docker", "exec", id});
  return words;
}

Words psql(const PostgresFacts& f, const JudgeContext& context) {
  std::string superuser = "postgres";
  if (const auto* roles = f.roles.seen()) {
    const auto is_it = [](const PostgresRole& one) { return one.superuser && one.can_login; };
    const auto it = std::ranges::find_if(roles->value, is_it);
    const bool usual = std::ranges::any_of(
        roles->value, [&](const PostgresRole& one) { return is_it(one) && one.name == superuser; });
    if (!usual && it != roles->value.end()) superuser = it->name;
  }
  const auto* port = f.port.seen();
  const std::string number = port ? std::to_string(port->value) : "5432";
  if (!container_of(cluster_of(context)).empty()) {
    return in_place(context, {"psql", "-X", "-U", superuser, "-p", number, "-d", "postgres"});
  }
  return {"runuser", "-u", "postgres", "--", "psql", "-X", "-p", number, "-d", "postgres"};
}

FindingDraft draft(Severity severity, const PostgresFacts& f, const JudgeContext& context) {
  FindingDraft found{severity};
  found.arg("psql", psql(f, context));
  const PostgresCluster* cluster = cluster_of(context);
  const std::string container = container_of(cluster), unit = unit_of(cluster);
  if (!container.empty()) {
    found.arg("restart", Words{"docker", "restart", container});
  } else if (!unit.empty()) {
    found.arg("restart", Words{"systemctl", "restart", unit});
  }
  return found;
}

const PostgresSetting* setting(const std::vector<PostgresSetting>& settings,
                               std::string_view name) {
  const auto it = std::ranges::find(settings, name, &PostgresSetting::name);
  return it == settings.end() ? nullptr : &*it;
}

std::string place_of(const PostgresSetting& one) {
  return one.file.empty() ? one.source : fmt::format("{}:{}", one.file, one.line);
}

bool Block::covers(const Block& other) const {
  if (bytes.size() != other.bytes.size() || bits > other.bits) return false;
  for (int i = 0; i < bits; ++i) {
    const auto byte = static_cast<std::size_t>(i / 8);
    if (((bytes[byte] ^ other.bytes[byte]) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

bool Block::is_loopback() const {
  if (bytes.size() == 4) return bytes[0] == 127 && bits >= 8;
  return bits == 128 &&
         std::ranges::all_of(bytes.begin(), bytes.end() - 1,
                             [](std::uint8_t b) { return b == 0; }) &&
         bytes.back() == 1;
}

std::optional<Block> parse_block(std::string_view address, std::string_view netmask) {
  const auto slash = address.find('/');
  auto bytes = parse_bytes(address.substr(0, slash));
  if (!bytes) return std::nullopt;
  const int all = static_cast<int>(bytes->size()) * 8;
  int bits = all;
  if (slash != std::string_view::npos) {
    const auto number = parse_number<int>(address.substr(slash + 1));
    if (!number || *number < 0 || *number > all) return std::nullopt;
    bits = *number;
  } else if (!netmask.empty()) {
    const auto mask = parse_bytes(netmask);
    if (!mask || mask->size() != bytes->size()) return std::nullopt;
    bits = bits_of(*mask);
  }
  return Block{*std::move(bytes), bits};
}

bool is_for_network(const PostgresHbaRule& rule) {
  return rule.error.empty() && rule.type.starts_with("host");
}

bool is_for(const PostgresHbaRule& rule, const Block& block) {
  if (!is_for_network(rule)) return false;
  if (rule.address == "all" || rule.address == "samenet") return true;
  const auto own = parse_block(rule.address, rule.netmask);
  return own && own->covers(block);
}

bool is_for_everybody(const PostgresHbaRule& rule) {
  if (!is_for_network(rule)) return false;
  if (rule.address == "all") return true;
  const auto own = parse_block(rule.address, rule.netmask);
  return own && own->is_everything();
}

bool has_errors(const std::vector<PostgresHbaRule>& rules) {
  return std::ranges::any_of(rules, [](const auto& rule) { return !rule.error.empty(); });
}

}  // namespace postflight::rules::postgres_rules
